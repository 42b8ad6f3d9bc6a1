/** @file What a model may be before any runtime sees it, and how a refusal reads. */
import { ProbityError } from '../../contracts/errors.js'
import { MODEL_LIMITS, type ModelLimit, type ModelLimits } from '../../contracts/model-limits.js'

export type PreflightLimits = ModelLimits & {
  /** What unknown batch sizes are taken as. */
  readonly blockRows: number
  /** Operator domains that nodes may use, besides those of the model's own functions. */
  readonly domains: readonly string[]
}

export const DEFAULT_LIMITS: PreflightLimits = {
  ...(Object.fromEntries(Object.entries(MODEL_LIMITS).map(([limit, { initial }]) => [limit, initial])) as ModelLimits),
  blockRows: 256,
  domains: ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft'],
}

/** A refusal that names the limit, so that whoever trusts the model knows what to raise. */
export function overLimit(limit: ModelLimit, what: string, limits: ModelLimits): never {
  const raise = limit === 'maxMemoryBytes' ? '--max-memory MiB, or --limit maxMemoryBytes=N where only the estimate is in the way' : `--limit ${limit}=N, or model.limits in the configuration`
  throw new ProbityError(`preflight/${limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, `${what}; the limit ${limit} is ${limits[limit]}. Use a smaller model or, if you trust this one, raise the limit: ${raise}.`)
}
