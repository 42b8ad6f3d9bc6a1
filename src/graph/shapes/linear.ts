/** @file Shape rules of matrix products, convolutions and poolings. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, intsAttribute, stringAttribute, type Node } from '../ir.js'
import { broadcast } from './dims.js'
import { known, type Application, type Known, type Rule } from './known.js'

const gemm: Rule = ({ node, input }) => {
  const [a, b] = [input(0), input(1)]
  const rows = a.dims?.length === 2 ? a.dims[intAttribute(node, 'transA', 0) ? 1 : 0] : null
  const columns = b.dims?.length === 2 ? b.dims[intAttribute(node, 'transB', 0) ? 0 : 1] : null
  return [known(a.dtype ?? b.dtype, [rows, columns])]
}

const matMul: Rule = ({ input }) => [known(input(0).dtype ?? input(1).dtype, matrixProduct(input(0).dims, input(1).dims))]

/** numpy.matmul: vectors are promoted and the added axis is removed again. */
function matrixProduct(a: readonly Dim[] | null, b: readonly Dim[] | null): Dim[] | null {
  if (a === null || b === null || a.length === 0 || b.length === 0) return null
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)])
  return batch && [...batch, ...a.slice(-2, -1), ...(b.length > 1 ? b.slice(-1) : [])]
}

type Window = { readonly kernel: readonly Dim[] | null; readonly strides: readonly number[]; readonly dilations: readonly number[]; readonly pads: readonly number[]; readonly autoPad: string }

function windowOf(node: Node, spatial: number, kernel: readonly Dim[] | null): Window {
  return {
    kernel: intsAttribute(node, 'kernel_shape', null) ?? kernel,
    strides: intsAttribute(node, 'strides', new Array<number>(spatial).fill(1)),
    dilations: intsAttribute(node, 'dilations', new Array<number>(spatial).fill(1)),
    pads: intsAttribute(node, 'pads', new Array<number>(spatial * 2).fill(0)),
    autoPad: stringAttribute(node, 'auto_pad', 'NOTSET'),
  }
}

function slidingSize(size: Dim, window: Window, axis: number, ceil: boolean): Dim {
  const kernel = window.kernel?.[axis] ?? null
  const stride = window.strides[axis]
  if (window.autoPad.startsWith('SAME')) return typeof size === 'number' ? Math.ceil(size / stride) : stride === 1 ? size : null
  if (typeof kernel !== 'number') return null
  const half = window.pads.length / 2
  const [before, after] = window.autoPad === 'VALID' ? [0, 0] : [window.pads[axis], window.pads[axis + half]]
  const shrink = (kernel - 1) * window.dilations[axis] - before - after
  if (typeof size !== 'number') return stride === 1 && shrink === 0 ? size : null
  const steps = (size - shrink - 1) / stride
  const count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1
  // A window that would begin in the padding behind the data is dropped.
  return ceil && (count - 1) * stride >= size + before ? count - 1 : count
}

const conv: Rule = ({ node, input }) => {
  const [x, w] = [input(0), input(1)]
  const rank = x.dims?.length ?? w.dims?.length
  if (rank === undefined || rank < 3) return [known(x.dtype, null)]
  const window = windowOf(node, rank - 2, w.dims?.slice(2) ?? null)
  const sizes = (x.dims ?? new Array<Dim>(rank).fill(null)).slice(2).map((size, axis) => slidingSize(size, window, axis, false))
  return [known(x.dtype, [x.dims?.[0] ?? null, w.dims?.[0] ?? null, ...sizes])]
}

const convTranspose: Rule = ({ node, input }) => {
  const [x, w] = [input(0), input(1)]
  if (x.dims === null || x.dims.length < 3) return [known(x.dtype, null)]
  const spatial = x.dims.length - 2
  const window = windowOf(node, spatial, w.dims?.slice(2) ?? null)
  const stated = intsAttribute(node, 'output_shape', null)
  const extra = intsAttribute(node, 'output_padding', new Array<number>(spatial).fill(0))
  const sizes = x.dims.slice(2).map((size, axis): Dim => {
    if (stated) return stated[axis - spatial + stated.length] ?? null
    const kernel = window.kernel?.[axis] ?? null
    if (typeof size !== 'number' || typeof kernel !== 'number') return null
    if (window.autoPad.startsWith('SAME')) return size * window.strides[axis]
    const pads = window.autoPad === 'VALID' ? 0 : window.pads[axis] + window.pads[axis + spatial]
    return window.strides[axis] * (size - 1) + extra[axis] + (kernel - 1) * window.dilations[axis] + 1 - pads
  })
  const perGroup = w.dims?.[1] ?? null
  return [known(x.dtype, [x.dims[0], typeof perGroup === 'number' ? perGroup * intAttribute(node, 'group', 1) : null, ...sizes])]
}

const pool: Rule = ({ node, input }) => {
  const { dims, dtype } = input(0)
  const pooled = dims === null || dims.length < 3 ? null : pooledDims(node, dims)
  return [known(dtype, pooled), ...(node.outputs.length > 1 ? [known('int64', pooled)] : [])]
}
function pooledDims(node: Node, dims: readonly Dim[]): Dim[] {
  const window = windowOf(node, dims.length - 2, null)
  const ceil = intAttribute(node, 'ceil_mode', 0) === 1
  return [...dims.slice(0, 2), ...dims.slice(2).map((size, axis) => slidingSize(size, window, axis, ceil))]
}

const globalPool: Rule = ({ input }) => [known(input(0).dtype, input(0).dims?.map((size, axis) => (axis < 2 ? size : 1)) ?? null)]

/** In training mode the running statistics come too; they have one number per channel. */
const batchNormalization: Rule = ({ input, node }) => {
  const channels: Known = known(input(3).dtype, input(3).dims)
  return [known(input(0).dtype, input(0).dims), ...node.outputs.slice(1).map(() => channels)]
}

const layerNormalization: Rule = ({ input, node }: Application) => {
  const { dims, dtype } = input(0)
  const axis = intAttribute(node, 'axis', -1)
  const kept = dims?.map((size, i) => (i < (axis < 0 ? axis + dims.length : axis) ? size : 1)) ?? null
  return [known(dtype, dims), ...node.outputs.slice(1).map(() => known('float32', kept))]
}

export const linear: Readonly<Record<string, Rule>> = {
  Gemm: gemm, MatMul: matMul, Conv: conv, ConvTranspose: convTranspose, MaxPool: pool, AveragePool: pool, LpPool: pool,
  GlobalAveragePool: globalPool, GlobalMaxPool: globalPool, GlobalLpPool: globalPool,
  BatchNormalization: batchNormalization, LayerNormalization: layerNormalization,
}
