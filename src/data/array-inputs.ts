/** @file How an array fills an input of the model: which of its axes is which, and what becomes of its values. */
import type { InputMapping } from '../contracts/config.js'
import type { ArrayReading, InputPlan } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import type { Dim, ModelInput } from '../contracts/model.js'
import { isFloat, sizeOf } from '../tensor/dtypes.js'
import type { TableArray } from './arrays.js'
import type { Table } from './table.js'
import { quote, suggestion } from './wording.js'

type Placed = { readonly shape: readonly number[]; readonly axes: readonly number[] | null }
type ArrayMapping = Omit<InputMapping, 'columns'>

const LAST_TO_FIRST = [2, 0, 1]
const FIRST_TO_LAST = [1, 2, 0]

/** @throws ProbityError when there is no such array, with names that are near */
export function requireArray(table: Table, name: string, field: string): TableArray {
  const array = table.arrays.find((candidate) => candidate.name === name)
  if (array) return array
  const names = table.arrays.map((candidate) => candidate.name)
  throw new ProbityError('data/unknown-array', `${field} names ${quote(name)}, but ${table.path} has no such array${names.length === 0 ? ': its columns are no arrays' : ''}. ${names.length === 0 ? 'Name columns instead.' : suggestion(name, names, 'arrays')}`)
}

/** The arrays of three axes and more whose rows an input takes as they are, or with their channels moved where they are images. */
export const fittingArrays = (table: Table, input: ModelInput): TableArray[] => table.arrays.filter((array) => array.shape.length > 1 && place(array, input, {}) !== null)

/**
 * @param index of the array in the view
 * @throws ProbityError when shapes, types or channels do not fit
 */
export function planArray(array: TableArray, index: number, input: ModelInput, mapping: ArrayMapping): InputPlan {
  const placed = place(array, input, mapping)
  if (!placed) throw shapeError(array, input, mapping)
  const { shape, axes } = placed
  const { scale = 1 } = mapping
  const field = `model.inputs.${input.name}`
  if (!Number.isFinite(scale) || scale === 0) throw new ProbityError('data/input-scale', `${field}.scale must be a finite number other than 0, got ${scale}.`)
  const mean = listOf(mapping.mean, 0), std = listOf(mapping.std, 1)
  if (!std.every((value) => value > 0 && Number.isFinite(value))) throw new ProbityError('data/input-scale', `${field}.std must be greater than 0.`)
  const channels = Math.max(mean.length, std.length)
  if (channels > 1 && [mean, std].some(({ length }) => length !== 1 && length !== channels)) throw new ProbityError('data/input-scale', `${field}: mean has ${mean.length} values and std has ${std.length}. Give one each, or one per channel.`)
  const channelAxis = channels === 1 ? null : axisOf(channels, shape, axes, mapping.layout, field)
  if (!isFloat(input.dtype) && (scale !== 1 || mapping.mean !== undefined || mapping.std !== undefined || isFloat(array.dtype))) {
    throw new ProbityError('data/input-type', `The model's input ${quote(input.name)} holds ${input.dtype}, which the array ${quote(array.name)} of ${array.dtype} ${isFloat(array.dtype) ? 'does not' : 'no longer does after scale, mean or std'}. Convert the array, or leave the values as they are.`)
  }
  const wide = (values: readonly number[]): readonly number[] => (channels > 1 && values.length === 1 ? new Array<number>(channels).fill(values[0]) : values)
  const reading: ArrayReading = { index, axes, channelAxis, mean: wide(mean), std: wide(std) }
  return { input: input.name, columns: [], shape, scale, dtype: input.dtype, array: reading }
}

/** As it is; with its channels moved; or with axes of size 1 put in or left out, which changes no order. */
function place(array: TableArray, input: ModelInput, { shape: given, layout }: ArrayMapping): Placed | null {
  const tail = input.dims?.slice(1) ?? null
  const { shape } = array
  if (given) return sizeOf(given) === sizeOf(shape) && fits(given, tail) ? { shape: given, axes: null } : null
  const moved = shape.length !== 3 ? null : layout === 'nhwc' ? (array.channelsLast ? null : FIRST_TO_LAST) : layout === 'nchw' || array.channelsLast ? LAST_TO_FIRST : null
  const permuted = moved && { shape: moved.map((axis) => shape[axis]), axes: moved }
  // A decoded image's axes are known; an array's are taken as they stand where they fit.
  const order: (Placed | null)[] = array.channelsLast && layout === 'nchw' ? [permuted] : [{ shape, axes: null }, permuted]
  const found = order.find((candidate) => candidate !== null && fits(candidate.shape, tail))
  if (found) return found
  const known = tail?.filter((dim): dim is number => typeof dim === 'number')
  const squeezed = tail && known?.length === tail.length && withoutOnes(known).join() === withoutOnes(shape).join()
  return squeezed ? { shape: known, axes: null } : null
}

const withoutOnes = (shape: readonly number[]): number[] => shape.filter((size) => size !== 1)

const fits = (shape: readonly number[], tail: readonly Dim[] | null): boolean =>
  tail === null || (tail.length === shape.length && tail.every((dim, axis) => typeof dim !== 'number' || dim === shape[axis]))

function axisOf(channels: number, shape: readonly number[], axes: readonly number[] | null, layout: ArrayMapping['layout'], field: string): number {
  const last = shape.length - 1
  const stated = layout ?? (axes === LAST_TO_FIRST ? 'nchw' : axes === FIRST_TO_LAST ? 'nhwc' : undefined)
  const candidates = stated === undefined ? [...new Set([0, last])] : [stated === 'nchw' ? 0 : last]
  const found = candidates.filter((axis) => shape[axis] === channels)
  if (found.length === 1) return found[0]
  throw new ProbityError('data/input-channels', found.length > 1
    ? `${field}: mean or std has ${channels} values, and both the first and the last axis of the shape [${shape.join(', ')}] have that size. State layout: nchw or nhwc.`
    : `${field}: mean or std has ${channels} values, one per channel, and the shape [${shape.join(', ')}] has ${candidates.map((axis) => shape[axis]).join(' or ')} channels. Give as many.`)
}

function shapeError(array: TableArray, input: ModelInput, mapping: ArrayMapping): ProbityError {
  const rows = `[${['N', ...array.shape].join(', ')}]`
  const wanted = `[${(input.dims ?? []).map((dim) => dim ?? '?').join(', ')}]`
  const other = (['nchw', 'nhwc'] as const).find((layout) => place(array, input, { ...mapping, layout }) !== null)
  const fix = mapping.shape ? `model.inputs.${input.name}.shape [${mapping.shape.join(', ')}] must hold as many values and fit the input.` : other ? `Where only the channels stand elsewhere, state model.inputs.${input.name}.layout: ${other}.` : 'Save the array in the shape that the model takes.'
  return new ProbityError('data/input-shape', `The array ${quote(array.name)} has the shape ${rows}, and the model's input ${quote(input.name)} takes ${wanted}. ${fix}`)
}

const listOf = (values: number | readonly number[] | undefined, otherwise: number): readonly number[] => (values === undefined ? [otherwise] : typeof values === 'number' ? [values] : values)
