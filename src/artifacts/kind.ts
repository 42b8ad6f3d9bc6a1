/** @file How an artifact kind is made: planned and combined in the parent, gathered block by block in a child process. */
import type { ArtifactKind, ArtifactKinds, ArtifactRequests, ArtifactValues } from '../contracts/artifact.js'
import type { DatasetView, InputPlan } from '../contracts/dataset.js'
import type { DeviceRecord, Model, ModelSummary } from '../contracts/model.js'
import type { Tensor } from '../contracts/tensor.js'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What a job hands back for one block of rows: bounded JSON and raw tensors. */
export type Part = {
  readonly json: Json
  readonly tensors: Readonly<Record<string, Tensor>>
  /** Where a GPU made it: how it was checked. */
  readonly device?: DeviceRecord
}

/** What the parent knows when it plans. `model` is null for audits of stored predictions. */
export type PlanContext = {
  readonly view: DatasetView
  readonly model: ModelSummary | null
  /** How the view fills the model's inputs; empty without a model. */
  readonly inputs: readonly InputPlan[]
  /** Rows that the model runs at a time at most: fewer for large activations. Depends on the model alone. */
  readonly blockRows: number
  readonly decision: Decision
  readonly seed: number
}

/** How a class is chosen from the model's answer; EVIDENCE: shown on the first page, also when assumed. */
export type Decision = { readonly threshold: number | null }

/** What a child has while it gathers. */
export type GatherContext = { readonly model: Model; readonly view: DatasetView; readonly inputs: readonly InputPlan[]; readonly seed: number }

/**
 * The work that is left after planning: plain JSON that names everything the result depends on, besides model, data and seed.
 * It is part of the artifact's name in the store, so two plans with equal `concrete` and rows share their results.
 */
export type JobPlan = {
  readonly concrete: Json
  /** Row numbers of the view, ascending. Blocks are consecutive runs of these. */
  readonly rows: readonly number[]
  /** Rows per block; part of the request, never derived from workers or memory. */
  readonly blockRows: number
  /** Model runs that a row costs, for the deadline: steps × restarts × 3 or so for an attack (a gradient costs about 3). Default 1. */
  readonly passesPerRow?: number
}

export interface ArtifactGatherer<K extends ArtifactKind, R extends ArtifactRequests = ArtifactRequests> {
  readonly kind: K
  /** Other artifacts that planning or combining reads. */
  dependsOn(parameters: ArtifactKinds[K]['parameters']): R
  /** In the parent. `{ value }` when no model has to be run; `{ unavailable }` when the artifact cannot be had, with the reason. */
  plan(
    parameters: ArtifactKinds[K]['parameters'],
    dependencies: ArtifactValues<R>,
    context: PlanContext,
  ): JobPlan | { readonly value: ArtifactKinds[K]['value'] } | { readonly unavailable: string }
  /** In a child: one block. */
  gather(rows: readonly number[], concrete: Json, context: GatherContext): Promise<Part>
  /** In the parent: parts in row order. Sums run in row order here. */
  combine(parts: readonly Part[], plan: JobPlan, dependencies: ArtifactValues<R>, context: PlanContext): ArtifactKinds[K]['value']
}
