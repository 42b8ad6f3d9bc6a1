/** @file What the three formats have in common: values with names, and runs in which some of them are given. */
import type * as Tf from '@tensorflow/tfjs'
import type { Dim, Prediction } from '../../contracts/model.js'
import type { Signature } from '../batch.js'

export type NetworkValue = {
  readonly dims: readonly Dim[] | null
  /** `activation` has rows, `weight` is shared by all rows, `input` is what the caller feeds. */
  readonly kind: 'input' | 'weight' | 'activation'
  readonly isFloat: boolean
}

export type NetworkRun = {
  /** By input name. */
  readonly feeds: ReadonlyMap<string, Tf.Tensor>
  readonly fetches: readonly string[]
  /** Values that are taken as they are here, instead of calculated. */
  readonly given?: ReadonlyMap<string, Tf.Tensor>
  /** Receives what outlives the scopes in which it was made; the caller frees it. */
  readonly kept: Tf.Tensor[]
}

/** How one output is read. */
export type Reading = { readonly prediction: Prediction; /** Columns are answers of their own (sigmoid), not of one choice. */ readonly independentColumns: boolean }

export interface Network {
  readonly format: string
  readonly producer: string
  readonly inputs: readonly Signature[]
  readonly outputs: readonly Signature[]
  readonly metadata: Readonly<Record<string, string>>
  /** Everything that can be fetched, given or differentiated. */
  readonly values: ReadonlyMap<string, NetworkValue>
  /** Other names of values, such as a GraphModel's node of an output. */
  readonly aliases: ReadonlyMap<string, string>
  /** Why there is no gradient at all; null where there may be one. */
  readonly noGradient: string | null
  /** What the structure shows of the named output, or of the one that looks most like an answer. */
  read(named: string | null): Reading
  /** Whether `run` gives a promise, because control flow makes TensorFlow.js wait for values. */
  readonly waits: boolean
  run(run: NetworkRun): ReadonlyMap<string, Tf.Tensor> | Promise<ReadonlyMap<string, Tf.Tensor>>
  dispose(): void
}
