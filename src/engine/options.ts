/** @file What a caller may say when opening a model. */
import { BACKENDS, DEVICES, ENGINES, type Backend, type Device, type DeviceRecord, type EngineName, type Fallback, type GradientOptions, type Model, type OutputKind } from '../contracts/model.js'
import type { Objective } from '../contracts/objective.js'
import type { GradientModel } from '../autodiff/index.js'
import { ProbityError } from '../contracts/errors.js'
import { nearest } from '../contracts/near-names.js'

export type LoadOptions = {
  /** Default: onnxruntime for ONNX files, tfjs for TensorFlow's. With onnxruntime, a LayersModel is converted to ONNX as it is opened. */
  readonly engine?: EngineName
  readonly device?: Device
  /** Of tfjs. Default: the first of `BACKENDS` that is installed and serves the device. */
  readonly backend?: Backend
  /** Overrides what the graph shows: which output answers, what its numbers are, the class labels by output index. */
  readonly prediction?: { readonly name?: string; readonly kind?: OutputKind; readonly classes?: readonly (string | number)[] }
  /** Threads within an operator; the runtime's choice by default. Outputs' bits do not depend on it. */
  readonly threads?: number
  /** `low`: gradients compute activations again instead of keeping them, in about one more forward pass. */
  readonly memory?: 'normal' | 'low'
  /** Rows per run, 1024 by default. Part of the result: a runtime's bits may change with the batch size. */
  readonly blockRows?: number
  /** Whether a GPU is tried in a child process first, so that a crashing driver does not end this one. Default: true. */
  readonly probe?: boolean
}

/** What the checks of a GPU against the CPU found since the last start. */
export type DeviceLog = {
  /** @param purpose with the seed decides which rows are computed again */
  start(seed: number, purpose: string): void
  record(): DeviceRecord
}

/** `externalFolder` is where the model's external weights lie, if it has any. */
export type ExportedGradient = GradientModel & { readonly approximations: readonly string[]; readonly externalFolder?: string }

/** A model opened from a file, with what the file says about itself. */
export interface LoadedModel extends Model {
  readonly format: string
  readonly producer: string
  /** Version of ai.onnx; null when the file imports none. */
  readonly opset: number | null
  /** Operators that the provider lacks, as far as graphs have run; on a GPU. */
  readonly fallbacks?: readonly Fallback[]
  /** On a GPU. */
  readonly deviceLog?: DeviceLog
  /**
   * The gradient as an ONNX model of its own, for other programs and languages; where the engine differentiates graphs.
   * @throws ProbityError as `gradient` does
   */
  exportGradient?(objective?: Objective, options?: GradientOptions): ExportedGradient
  /** What keeps the gradient from being made, a sentence for each node; empty where nothing does. */
  gradientObstacles?(objective?: Objective, options?: GradientOptions): string[]
}

export const DEFAULT_BLOCK_ROWS = 1024

/** @throws ProbityError naming the option that cannot be meant. */
export function checkOptions({ engine, device, backend, memory = 'normal', threads, blockRows }: LoadOptions): void {
  checkChoice('engine', engine, ENGINES)
  checkChoice('device', device, DEVICES)
  checkChoice('backend', backend, BACKENDS)
  if (memory !== 'normal' && memory !== 'low') throw new ProbityError('engine/option', `memory must be normal or low, got ${String(memory)}`)
  for (const [name, value] of Object.entries({ threads, blockRows })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) throw new ProbityError('engine/option', `${name} must be a whole number ≥ 1, got ${value}`)
  }
}

function checkChoice(option: string, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value)) throw new ProbityError(`engine/unknown-${option}`, `There is no ${option} ${value}. ${nearest(value, known)}`)
}
