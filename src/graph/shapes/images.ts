/** @file Shape rules of operators on images: sampling, regions, unpooling. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, intsAttribute } from '../ir.js'
import { divide, multiply } from './dims.js'
import { known, normalizeAxis, numbersOf, openDims, type Rule } from './known.js'

/** X [N, C, …in], grid [N, …out, axes] → [N, C, …out] */
const gridSample: Rule = ({ input }) => {
  const [x, grid] = [input(0), input(1)]
  const rank = x.dims?.length ?? grid.dims?.length
  if (rank === undefined) return [known(x.dtype, null)]
  return [known(x.dtype, [x.dims?.[0] ?? grid.dims?.[0] ?? null, x.dims?.[1] ?? null, ...(grid.dims?.slice(1, -1) ?? new Array<Dim>(rank - 2).fill(null))])]
}

/** theta [N, axes, axes + 1], size (N, C, …) → [N, …, axes] */
const affineGrid: Rule = ({ input }) => {
  const [theta, size] = [input(0), input(1)]
  const axes = theta.dims?.[1] ?? null
  const sizes = size.values ?? openDims(typeof axes === 'number' ? axes + 2 : size.dims?.[0])
  return [known(theta.dtype, sizes && [theta.dims?.[0] ?? sizes[0], ...sizes.slice(2), sizes.length - 2])]
}

const roiAlign: Rule = ({ node, input }) =>
  [known(input(0).dtype, [input(1).dims?.[0] ?? null, input(0).dims?.[1] ?? null, intAttribute(node, 'output_height', 1), intAttribute(node, 'output_width', 1)])]

const maxRoiPool: Rule = ({ node, input }) => [known(input(0).dtype, [input(1).dims?.[0] ?? null, input(0).dims?.[1] ?? null, ...intsAttribute(node, 'pooled_shape', [])])]

const maxUnpool: Rule = ({ node, input, has }) => {
  const { dims, dtype } = input(0)
  if (has(2)) return [known(dtype, input(2).values ?? openDims(input(2).dims?.[0] ?? dims?.length))]
  const kernel = intsAttribute(node, 'kernel_shape', [])
  const strides = intsAttribute(node, 'strides', kernel.map(() => 1))
  const pads = intsAttribute(node, 'pads', [...kernel, ...kernel].map(() => 0))
  const sizes = dims?.slice(2).map((size, axis): Dim => (typeof size === 'number' ? (size - 1) * strides[axis] - pads[axis] - pads[axis + kernel.length] + kernel[axis] : null))
  return [known(dtype, dims && [...dims.slice(0, 2), ...(sizes ?? [])])]
}

/** X [N, C·taps, windows] → [N, C, …image] */
const col2Im: Rule = ({ input }) => {
  const { dims, dtype } = input(0)
  const block = numbersOf(input(2))
  const space = input(1).values ?? openDims(input(1).dims?.[0] ?? block?.length)
  return [known(dtype, space && [dims?.[0] ?? null, dims && block ? divide([dims[1]], [multiply(block)]) : null, ...space])]
}

const centerCropPad: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  if (dims === null) return [known(dtype, null)]
  const sizes: Dim[] = [...dims]
  const axes = intsAttribute(node, 'axes', null) ?? dims.map((_, axis) => axis)
  axes.forEach((stated, i) => {
    const axis = normalizeAxis(stated, dims.length)
    if (axis !== null) sizes[axis] = input(1).values?.[i] ?? null
  })
  return [known(dtype, sizes)]
}

/** X [N, C, H, W], W [O, C/group, kh, kw], offset [N, …, H', W'] → [N, O, H', W'] */
const deformConv: Rule = ({ input }) => {
  const [x, w, offset] = [input(0), input(1), input(2)]
  return [known(x.dtype, [x.dims?.[0] ?? null, w.dims?.[0] ?? null, offset.dims?.[2] ?? null, offset.dims?.[3] ?? null])]
}

export const images: Readonly<Record<string, Rule>> = {
  GridSample: gridSample, AffineGrid: affineGrid, RoiAlign: roiAlign, MaxRoiPool: maxRoiPool, MaxUnpool: maxUnpool, Col2Im: col2Im, CenterCropPad: centerCropPad,
  DeformConv: deformConv,
}
