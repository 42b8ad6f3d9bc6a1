/** @file Checks what callers feed against what the model's inputs want, before a runtime sees it. */
import type { Dim, ModelInput } from '../contracts/model.js'
import { nearest } from '../contracts/near-names.js'
import type { DType, Feeds, Tensor, TensorLike } from '../contracts/tensor.js'
import { ProbityError } from '../contracts/errors.js'
import { toNumbers, toTensor } from '../tensor/tensor.js'

export type CheckedFeeds = {
  readonly tensors: ReadonlyMap<string, Tensor>
  /** Rows that all per-row inputs have; null when the model has no per-row input. */
  readonly rows: number | null
}

/**
 * Tensors of the dtypes that the inputs want. Along a batch axis any size is accepted: fixed-batch models are padded and cut later.
 *
 * @throws ProbityError naming the input, what it wants and what it got.
 */
export function checkFeeds(feeds: Feeds, inputs: readonly ModelInput[]): CheckedFeeds {
  const names = inputs.map(({ name }) => name)
  for (const name of Object.keys(feeds)) {
    if (!names.includes(name)) throw new ProbityError('engine/unknown-input', `The model has no input ${name}. ${nearest(name, names)}`)
  }
  const tensors = new Map<string, Tensor>()
  let rows: number | null = null
  let firstPerRow = ''
  for (const input of inputs) {
    const tensor = checkFeed(Object.hasOwn(feeds, input.name) ? feeds[input.name] : undefined, input)
    tensors.set(input.name, tensor)
    if (input.batchAxis === null) continue
    const count = tensor.dims[input.batchAxis]
    if (rows !== null && count !== rows) throw new ProbityError('engine/rows', `Inputs disagree on the number of rows: ${firstPerRow} has ${rows}, ${input.name} has ${count}`)
    if (rows === null) [rows, firstPerRow] = [count, input.name]
  }
  return { tensors, rows }
}

function checkFeed(like: TensorLike | undefined, input: ModelInput): Tensor {
  const wants = `input ${input.name} wants ${input.dtype} ${describeDims(input.dims)}`
  if (!like) throw new ProbityError('engine/missing-input', `${wants}, and nothing was fed. Feed { ${input.name}: { data, dims } }.`)
  if (!Array.isArray(like.dims) || like.data === undefined) throw new ProbityError('engine/feed', `${wants}, as { data, dims }`)
  if (!fits(like.dims, input)) throw new ProbityError('engine/shape', `input ${input.name} wants ${describeDims(input.dims)}, got [${like.dims.join(', ')}]`)
  refuseDType(like, input, wants)
  const source = like.dtype === 'float16' || like.dtype === 'bfloat16' ? like.dtype : null
  if (source && source !== input.dtype) return toTensor({ data: toNumbers(toTensor(like, source, `input ${input.name}`)), dims: like.dims }, input.dtype, `input ${input.name}`)
  const tensor = toTensor(like, input.dtype, `input ${input.name}`)
  refuseOverflow(like, tensor, wants)
  return tensor
}

function fits(dims: readonly number[], input: ModelInput): boolean {
  if (input.dims === null) return true
  return dims.length === input.dims.length && input.dims.every((dim, axis) => axis === input.batchAxis || typeof dim !== 'number' || dim === dims[axis])
}

function refuseDType(like: TensorLike, { dtype }: ModelInput, wants: string): void {
  const isText = like.dtype === 'string' || typeof like.data[0] === 'string'
  if (isText !== (dtype === 'string') && (isText || like.data.length > 0)) throw new ProbityError('engine/dtype', `${wants}, got ${isText ? 'strings' : (like.dtype ?? like.data.constructor.name)}`)
  // The same Uint16Array could hold numbers or the bits of 16-bit floats; guessing wrong would be silent.
  if ((dtype === 'float16' || dtype === 'bfloat16') && like.data instanceof Uint16Array && like.dtype === undefined) {
    throw new ProbityError('engine/dtype', `${wants}, got a Uint16Array without dtype. Give dtype: '${dtype}' for raw bits or 'uint16' for numbers.`)
  }
}

const INTEGER_LIMITS: Partial<Record<DType, readonly [number | bigint, number | bigint]>> = {
  int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767], uint16: [0, 65535], int32: [-2147483648, 2147483647], uint32: [0, 4294967295],
  int64: [-(2n ** 63n), 2n ** 63n - 1n], uint64: [0n, 2n ** 64n - 1n],
}

/** Typed arrays wrap numbers around in silence. */
function refuseOverflow(like: TensorLike, tensor: Tensor, wants: string): void {
  const limits = INTEGER_LIMITS[tensor.dtype]
  if (!limits || tensor.data === like.data) return
  for (const value of like.data) {
    if ((typeof value === 'number' || typeof value === 'bigint') && (value < limits[0] || value > limits[1])) throw new ProbityError('engine/dtype', `${wants}, and ${value} is outside its range`)
  }
}

/** [N, 11]; unknown sizes are written as ?. */
export function describeDims(dims: readonly Dim[] | null): string {
  return dims === null ? 'of any shape' : `[${dims.map((dim) => dim ?? '?').join(', ')}]`
}
