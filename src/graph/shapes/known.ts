/** @file What is known of a value while shapes are inferred, and what a rule may ask. */
import type { Dim } from '../../contracts/model.js'
import type { DType } from '../../contracts/tensor.js'
import { intsAttribute, isExternal, type Initializer, type Node, type ValueType } from '../ir.js'

export type Known = {
  readonly dtype: DType | null
  /** null when the rank is unknown. */
  readonly dims: readonly Dim[] | null
  /** Elements of a scalar or short vector, where known; symbolic sizes stay symbols. This is how Shape → Gather → Concat → Reshape is followed. */
  readonly values: readonly Dim[] | null
  /** Set for sequences, maps and optionals instead of the above. */
  readonly other?: ValueType
}

export const UNKNOWN: Known = { dtype: null, dims: null, values: null }
/** Longer vectors are never shapes, and no runtime has tensors of higher rank. */
const MAX_VALUES = 1024
const MAX_RANK = 64

export function known(dtype: DType | null, dims: readonly Dim[] | null, values: readonly Dim[] | null = null): Known {
  const kept = values !== null && values.length <= MAX_VALUES && (dims === null || dims.length <= 1) ? values : null
  return { dtype, dims: dims?.map(possible) ?? null, values: kept }
}

/** Contradictory attributes make sizes that cannot be; such a size is unknown. */
const possible = (dim: Dim): Dim => (typeof dim !== 'number' || (Number.isSafeInteger(dim) && dim >= 0) ? dim : null)

/** A shape of which only the rank is known. */
export const openDims = (rank: Dim | undefined): Dim[] | null => (typeof rank === 'number' && rank <= MAX_RANK ? new Array<Dim>(rank).fill(null) : null)

/** One application of an operator, as its rule sees it. */
export type Application = {
  readonly node: Node
  /** By position; UNKNOWN for absent ones. */
  readonly input: (index: number) => Known
  readonly has: (index: number) => boolean
  readonly inputs: readonly Known[]
  /** Version of the operator's domain. */
  readonly opset: number
}

/** Gives what is known of each output, in order. Rules never throw: what they cannot tell is UNKNOWN. */
export type Rule = (application: Application) => readonly Known[]

/** The values of a constant that could be a shape, an index or an axis. */
export function knownConstant(tensor: Initializer): Known {
  const plain = known(tensor.dtype, tensor.dims)
  if (isExternal(tensor) || tensor.dims.length > 1 || tensor.data.length > MAX_VALUES || !VALUE_TYPES.has(tensor.dtype)) return plain
  return { ...plain, values: Array.from(tensor.data as ArrayLike<number | bigint>, Number) }
}

const VALUE_TYPES: ReadonlySet<DType> = new Set(['int64', 'int32', 'float32', 'float64', 'bool'] as const)

/** Values that are all numbers, or null. */
export function numbersOf(value: Known): number[] | null {
  return value.values?.every((element) => typeof element === 'number') ? (value.values as number[]) : null
}

/** Axes from the attribute of old opsets or from an input: null when they cannot be known, undefined when none are given. */
export function axesOf({ node, has, input }: Application, index: number, attribute = 'axes'): number[] | null | undefined {
  const stated = intsAttribute(node, attribute, null)
  if (stated !== null) return [...stated]
  return has(index) ? numbersOf(input(index)) : undefined
}

/** The axis counted from the front, or null when it lies outside the rank. */
export function normalizeAxis(axis: number, rank: number): number | null {
  const positive = axis < 0 ? axis + rank : axis
  return positive >= 0 && positive < rank ? positive : null
}
