/** @file What a model may be before any runtime sees it. */
import { ProbityError } from '../../contracts/errors.js'

export type PreflightLimits = {
  /** Of the file, without external data. */
  readonly maxBytes: number
  /** With those in subgraphs, and with local functions expanded. */
  readonly maxNodes: number
  /** Subgraphs within subgraphs; also types within types. */
  readonly maxDepth: number
  readonly maxInitializers: number
  /** Dimensions of one tensor. */
  readonly maxRank: number
  /** Elements of one tensor. */
  readonly maxElements: number
  /** Initializers and values that live at the same time, with unknown batch sizes taken as `blockRows`. */
  readonly maxMemoryBytes: number
  readonly blockRows: number
  /** Operator domains that nodes may use, besides those of the model's own functions. */
  readonly domains: readonly string[]
}

export const DEFAULT_LIMITS: PreflightLimits = {
  maxBytes: 2 ** 31 - 1,
  maxNodes: 200_000,
  maxDepth: 16,
  maxInitializers: 200_000,
  maxRank: 16,
  maxElements: 2 ** 31,
  maxMemoryBytes: 16 * 2 ** 30,
  blockRows: 256,
  domains: ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft'],
}

/** A refusal that names the limit, so that whoever trusts the model knows what to raise. */
export function overLimit(limit: keyof PreflightLimits, what: string, limits: PreflightLimits): never {
  throw new ProbityError(`preflight/${limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, `${what}; the limit ${limit} is ${String(limits[limit])}. Use a smaller model, or one from a source that you trust.`)
}
