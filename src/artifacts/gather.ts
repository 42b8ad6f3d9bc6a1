/** @file Gathering: each artifact is planned once, its blocks come from the store or from a child, and the parent combines them. */
import type { ArtifactKind, ArtifactKinds, ArtifactRequest, ArtifactRequests, ArtifactValues } from '../contracts/artifact.js'
import { ProbityError } from '../contracts/errors.js'
import type { DeviceRecord } from '../contracts/model.js'
import { mergeRecords } from './device-records.js'
import { hostClass } from './host.js'
import { artifactKey, type BlockKey, type KeyParts } from './key.js'
import type { ArtifactGatherer, Decision, JobPlan, Json, Part, PlanContext } from './kind.js'
import { decodePart } from './part-codec.js'
import { PROBE_DEADLINE_MS, type PreparedData, type PreparedModel } from './prepare.js'
import type { Workspace } from './workspace.js'

export type GathererOptions = {
  readonly gatherers: readonly ArtifactGatherer<ArtifactKind>[]
  readonly workspace: Workspace
  readonly data: PreparedData
  /** Null for audits of stored predictions. */
  readonly model: PreparedModel | null
  readonly decision: Decision
  readonly seed: number
  /** Probity's version and the sha256 of each plugin: part of every name in the store. */
  readonly probity: string
  readonly plugins: readonly string[]
  readonly onProgress?: (progress: { readonly kind: string; readonly done: number; readonly total: number }) => void
}

export type Unavailable = { readonly unavailable: string }
export type Gathered<K extends ArtifactKind> = { readonly value: ArtifactKinds[K]['value'] } | Unavailable

export type Gatherer = {
  /**
   * The artifact, or why it cannot be had. Equal requests are gathered once.
   * @throws ProbityError when a job fails
   */
  gather<K extends ArtifactKind>(request: ArtifactRequest<K>): Promise<Gathered<K>>
  /** Blocks, so far. */
  readonly stats: { readonly computed: number; readonly reused: number }
  /** How a GPU's answers compared with the CPU's, over all parts so far; null where no GPU made any. */
  device(): DeviceRecord | null
}

/** How much longer than the probe suggests a job may take. */
const SLACK = 10

export function createGatherer(options: GathererOptions): Gatherer {
  const { workspace, data, model, decision, seed } = options
  const gatherers = new Map(options.gatherers.map((gatherer) => [gatherer.kind as string, gatherer]))
  const context: PlanContext = { view: data.view, model: model?.summary ?? null, inputs: data.inputs, blockRows: model?.reference.blockRows ?? 1, decision, seed }
  const keyParts = model && keyPartsOf(options, model)
  const requested = new Map<string, Promise<Gathered<ArtifactKind>>>()
  const stats = { computed: 0, reused: 0 }
  const records: DeviceRecord[] = []

  const gather = (request: ArtifactRequest): Promise<Gathered<ArtifactKind>> => {
    const name = artifactKey({ kind: request.kind, parameters: request.parameters as unknown as Json })
    const known = requested.get(name)
    if (known) return known
    const gathered = make(request)
    requested.set(name, gathered)
    return gathered
  }

  async function make({ kind, parameters }: ArtifactRequest): Promise<Gathered<ArtifactKind>> {
    const gatherer = gatherers.get(kind)
    if (!gatherer) throw new ProbityError('artifacts/unknown-kind', `Nothing gathers artifacts of the kind "${kind}". Name the plugin that brings it under "plugins".`)
    const dependencies: Record<string, unknown> = {}
    for (const [name, request] of Object.entries(gatherer.dependsOn(parameters))) {
      const gathered = await gather(request)
      if ('unavailable' in gathered) return gathered
      dependencies[name] = gathered.value
    }
    const values = dependencies as ArtifactValues<ArtifactRequests>
    const plan = gatherer.plan(parameters, values, context)
    if (!('concrete' in plan)) return plan
    if (!model || !keyParts) return { unavailable: `${kind} need a model, and there are only stored predictions` }
    const parts = await gatherBlocks(kind, plan, model, keyParts)
    return { value: gatherer.combine(parts, plan, values, context) }
  }

  /** Some blocks at a time, so that memory does not grow with rows; a failure ends the others before their next block. */
  async function gatherBlocks(kind: string, plan: JobPlan, model: PreparedModel, keyParts: KeyParts): Promise<Part[]> {
    const total = Math.ceil(plan.rows.length / plan.blockRows)
    const parts = new Array<Part>(total)
    let next = 0
    let done = 0
    let failed = false
    const work = async () => {
      while (next < total && !failed) {
        const index = next++
        try {
          const part = await block(kind, plan, plan.rows.slice(index * plan.blockRows, (index + 1) * plan.blockRows), model, keyParts)
          if (part.device) records.push(part.device)
          parts[index] = part
        } catch (error) {
          failed = true
          throw error
        }
        options.onProgress?.({ kind, done: ++done, total })
      }
    }
    await Promise.all(Array.from({ length: Math.min(total, workspace.jobs.workers) }, work))
    return parts
  }

  async function block(kind: string, plan: JobPlan, rows: readonly number[], model: PreparedModel, keyParts: KeyParts): Promise<Part> {
    const { concrete, blockRows, passesPerRow = 1 } = plan
    const name = artifactKey({ ...keyParts, request: { kind, concrete }, seed, blockRows, rows } satisfies BlockKey)
    const stored = await workspace.store.get(name)
    if (stored) {
      stats.reused++
      return decodePart(stored)
    }
    const deadlineMs = Math.max(PROBE_DEADLINE_MS, SLACK * (model.loadMs + model.rowMs * rows.length * passesPerRow))
    const { part, bytes } = await workspace.jobs.run({ type: 'gather', kind, concrete, rows, seed, model: model.reference, view: data.reference, inputs: data.inputs }, deadlineMs)
    await workspace.store.put(name, bytes)
    stats.computed++
    return part
  }

  return { gather: gather as Gatherer['gather'], stats, device: () => mergeRecords(records) }
}

function keyPartsOf({ data, probity, plugins }: GathererOptions, { sha256, externalFiles, summary, reference }: PreparedModel): KeyParts {
  return {
    model: { sha256, externalFiles: externalFiles.map((file) => ({ location: file.location, sha256: file.sha256 })), output: (reference.output ?? null) as Json },
    data: { sha256: data.sha256 },
    view: { sha256: data.viewSha256 },
    engine: { ...summary.engine, options: { engine: reference.engine, device: reference.device, backend: reference.backend, blockRows: reference.blockRows, memory: reference.memory } },
    host: hostClass(),
    probity,
    plugins,
  }
}
