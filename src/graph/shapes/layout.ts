/** @file Shape rules of operators that rearrange, join, cut and repeat. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, intsAttribute, stringAttribute } from '../ir.js'
import { broadcast, divide, multiply, sum } from './dims.js'
import { axesOf, known, normalizeAxis, numbersOf, openDims, type Application, type Rule } from './known.js'

const flatten: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  if (dims === null) return [known(dtype, [null, null])]
  const axis = intAttribute(node, 'axis', 1)
  const split = axis < 0 ? axis + dims.length : axis
  return [known(dtype, [multiply(dims.slice(0, split)), multiply(dims.slice(split))])]
}

const reshape: Rule = ({ node, input, opset }) => {
  const { dims, dtype, values } = input(0)
  const target = opset < 5 ? intsAttribute(node, 'shape', null) : input(1).values
  if (target === null) return [known(dtype, openDims(input(1).dims?.[0]))]
  const shape = target.map((size, axis): Dim => (size === 0 && !intAttribute(node, 'allowzero', 0) ? dims?.[axis] ?? null : size))
  const open = shape.indexOf(-1)
  if (open >= 0) {
    // Sizes that are copied stand on both sides, so that even unknown ones cancel.
    const copied = (axis: number) => target[axis] === 0
    const above = dims?.filter((_, axis) => !copied(axis)) ?? [null]
    shape[open] = divide(above, shape.filter((_, axis) => axis !== open && !copied(axis)))
  }
  return [known(dtype, shape, values)]
}

const transpose: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  const order = intsAttribute(node, 'perm', null) ?? dims?.map((_, axis) => dims.length - 1 - axis)
  return [known(dtype, order?.map((axis) => dims?.[axis] ?? null) ?? null)]
}

const squeeze: Rule = (application) => {
  const { dims, dtype, values } = application.input(0)
  const axes = axesOf(application, 1)
  if (dims === null || axes === null) return [known(dtype, null)]
  // Without axes every 1 goes; a symbol might be 1, so the rank is not known then.
  if (axes === undefined) return [known(dtype, dims.every((size) => typeof size === 'number') ? dims.filter((size) => size !== 1) : null, values)]
  const gone = new Set(axes.map((axis) => normalizeAxis(axis, dims.length)))
  return [known(dtype, dims.filter((_, axis) => !gone.has(axis)), values)]
}

const unsqueeze: Rule = (application) => {
  const { dims, dtype, values } = application.input(0)
  const axes = axesOf(application, 1)
  if (dims === null || !axes) return [known(dtype, null)]
  const rank = dims.length + axes.length
  const added = new Set(axes.map((axis) => normalizeAxis(axis, rank)))
  let next = 0
  return [known(dtype, Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : dims[next++] ?? null)), values)]
}

const concat: Rule = ({ node, inputs }) => {
  const dtype = inputs.find((input) => input.dtype !== null)?.dtype ?? null
  const stated = inputs.find(({ dims }) => dims !== null)?.dims
  if (!stated) return [known(dtype, null)]
  const axis = normalizeAxis(intAttribute(node, 'axis', 1), stated.length)
  // Away from the axis all inputs agree, so the best-known one counts.
  const best = (i: number): Dim => inputs.reduce((size: Dim, { dims }) => (typeof size === 'number' ? size : typeof dims?.[i] === 'number' ? dims[i] : size ?? dims?.[i] ?? null), null)
  const dims = stated.map((_, i) => (i === axis ? sum(inputs.map((input) => input.dims?.[i] ?? null)) : best(i)))
  const values = inputs.every((input) => input.values !== null) ? inputs.flatMap((input) => input.values ?? []) : null
  return [known(dtype, dims, values)]
}

const slice: Rule = (application) => {
  const { dims, dtype, values } = application.input(0)
  const old = application.opset < 10
  const starts = old ? axesOf(application, -1, 'starts') : numbersOf(application.input(1))
  const ends = old ? axesOf(application, -1, 'ends') : numbersOf(application.input(2))
  const axes = axesOf(application, 3) ?? (application.has(3) ? null : starts?.map((_, i) => i))
  const steps = application.has(4) ? numbersOf(application.input(4)) : starts?.map(() => 1)
  if (dims === null) return [known(dtype, null)]
  if (!axes) return [known(dtype, dims.map(() => null))]
  const sizes: Dim[] = [...dims]
  axes.forEach((axis, i) => {
    const at = normalizeAxis(axis, dims.length)
    if (at !== null) sizes[at] = starts && ends && steps ? slicedSize(dims[at], starts[i], ends[i], steps[i]) : null
  })
  const picked = values && starts && ends && steps && dims.length === 1 ? slicedValues(values, starts[0], ends[0], steps[0]) : null
  return [known(dtype, sizes, picked)]
}
const FAR = 2 ** 31 - 1
function slicedSize(size: Dim, start: number, end: number, step: number): Dim {
  if (typeof size === 'number') return slicedSpan(size, start, end, step).count
  const whole = (step === 1 && start === 0 && end >= FAR) || (step === -1 && (start === -1 || start >= FAR) && end <= -FAR)
  return whole ? size : null
}
function slicedSpan(size: number, start: number, end: number, step: number): { from: number; count: number } {
  const clamp = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high)
  const from = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1)
  const to = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1)
  return { from, count: step === 0 ? 0 : Math.max(0, Math.ceil((to - from) / step)) }
}
function slicedValues(values: readonly Dim[], start: number, end: number, step: number): Dim[] {
  const { from, count } = slicedSpan(values.length, start, end, step)
  return Array.from({ length: count }, (_, i) => values[from + i * step])
}

const split: Rule = (application) => {
  const { node, input } = application
  const { dims, dtype, values } = input(0)
  const axis = dims && normalizeAxis(intAttribute(node, 'axis', 0), dims.length)
  const stated = axesOf(application, 1, 'split')
  if (dims === null || axis === null) return node.outputs.map(() => known(dtype, null))
  const parts = node.outputs.map((_, i) => (stated === undefined ? evenPart(dims[axis], node.outputs.length, i) : stated?.[i] ?? null))
  return parts.map((part, i) => {
    const [start, end] = [sum(parts.slice(0, i)), sum(parts.slice(0, i + 1))]
    return known(dtype, dims.map((size, at) => (at === axis ? part : size)), typeof start === 'number' && typeof end === 'number' ? values?.slice(start, end) ?? null : null)
  })
}
/** Even parts; where they do not go in evenly, the last one is smaller (opset 18). */
function evenPart(size: Dim, parts: number, index: number): Dim {
  if (typeof size !== 'number') return parts === 1 ? size : null
  const chunk = Math.ceil(size / parts)
  return index < parts - 1 ? chunk : size - chunk * (parts - 1)
}

const expand: Rule = ({ input }) => {
  const { dims, dtype, values } = input(0)
  const sizes = broadcast([dims, input(1).values ?? openDims(input(1).dims?.[0])])
  const count = sizes?.length === 1 ? sizes[0] : null
  return [known(dtype, sizes, values?.length === 1 && typeof count === 'number' && count <= 1024 ? new Array<Dim>(count).fill(values[0]) : null)]
}

const tile: Rule = ({ input }) => {
  const { dims, dtype } = input(0)
  const repeats = input(1).values
  return [known(dtype, dims?.map((size, axis) => multiply([size, repeats?.[axis] ?? null])) ?? null)]
}

const pad: Rule = (application: Application) => {
  const { dims, dtype } = application.input(0)
  const pads = axesOf(application, 1, 'pads')
  if (dims === null) return [known(dtype, null)]
  const axes = application.has(3) ? numbersOf(application.input(3)) : dims.map((_, axis) => axis)
  if (!pads || !axes) return [known(dtype, dims.map(() => null))]
  const padded: Dim[] = [...dims]
  axes.forEach((axis, i) => {
    const at = normalizeAxis(axis, dims.length)
    if (at !== null) padded[at] = sum([dims[at], pads[i] + pads[i + axes.length]])
  })
  return [known(dtype, padded)]
}

const depthToSpace: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  const block = intAttribute(node, 'blocksize', 1)
  return [known(dtype, dims && [dims[0], divide([dims[1]], [block * block]), multiply([dims[2], block]), multiply([dims[3], block])])]
}
const spaceToDepth: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  const block = intAttribute(node, 'blocksize', 1)
  return [known(dtype, dims && [dims[0], multiply([dims[1], block * block]), divide([dims[2]], [block]), divide([dims[3]], [block])])]
}

const resize: Rule = ({ node, input, has, opset }) => {
  const { dims, dtype } = input(0)
  const sizes = opset > 10 && has(3) ? input(3).values : null
  const scales = numbersOf(input(opset > 10 ? 2 : 1))
  if (dims === null) return [known(dtype, null)]
  const stretched = node.attributes.has('keep_aspect_ratio_policy') && stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch'
  const axes = intsAttribute(node, 'axes', null) ?? dims.map((_, axis) => axis)
  const resized: Dim[] = [...dims]
  axes.forEach((axis, i) => {
    const at = normalizeAxis(axis, dims.length)
    if (at === null) return
    const size = dims[at]
    if (has(3)) resized[at] = stretched ? null : sizes?.[i] ?? null
    else if (scales?.[i] !== 1) resized[at] = typeof size === 'number' && scales?.[i] !== undefined ? Math.floor(size * scales[i]) : null
  })
  return [known(dtype, resized)]
}

export const layout: Readonly<Record<string, Rule>> = {
  Flatten: flatten, Reshape: reshape, Transpose: transpose, Squeeze: squeeze, Unsqueeze: unsqueeze, Concat: concat, Slice: slice, Split: split,
  Expand: expand, Tile: tile, Pad: pad, Resize: resize, Upsample: resize, DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth,
}
