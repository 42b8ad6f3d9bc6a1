/** @file Pools over sliding windows and over whole feature maps. */
import { intAttribute, intsAttribute, type Node } from '../../src/graph/ir.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, build, indicesOf, positionOf, refTensor, sizeOf, type RefTensor } from './tensor.js'
import { isInside, readAt, windowsOf, type Windows } from './windows.js'

function poolWindows(node: Node, x: RefTensor): Windows {
  return windowsOf(node, x.dims.slice(2), intsAttribute(node, 'kernel_shape', []))
}

/** Y and Indices: the position of the first maximum in the flattened input, column-major within the feature map where storage_order is 1. */
const maxPool: Kernel = ({ node, ...call }) => {
  const x = input({ node, ...call }, 0)
  const spatial = x.dims.slice(2)
  const windows = poolWindows(node, x)
  const columnMajor = intAttribute(node, 'storage_order', 0) === 1
  const dims = [...x.dims.slice(0, 2), ...windows.output]
  const values: number[] = []
  const positions: number[] = []
  for (const [n, c, ...output] of indicesOf(dims)) {
    let best = -Infinity
    let where = spatial.map(() => 0)
    for (const tap of indicesOf(windows.kernel)) {
      const position = readAt(windows, output, tap)
      if (!isInside(position, spatial) || !(at(x, [n, c, ...position]) > best)) continue
      best = at(x, [n, c, ...position])
      where = position
    }
    values.push(best)
    const withinMap = columnMajor ? positionOf([...spatial].reverse(), [...where].reverse()) : positionOf(spatial, where)
    positions.push((n * x.dims[1] + c) * sizeOf(spatial) + withinMap)
  }
  return [refTensor(dims, values, x.dtype), refTensor(dims, positions, 'int64')]
}

/** With count_include_pad the padding counts as zeros, but what ceil_mode adds beyond the padding never counts. */
const averagePool: Kernel = (call) => {
  const x = input(call, 0)
  const spatial = x.dims.slice(2)
  const windows = poolWindows(call.node, x)
  const includePad = intAttribute(call.node, 'count_include_pad', 0) === 1
  return build([...x.dims.slice(0, 2), ...windows.output], x.dtype, ([n, c, ...output]) => {
    let total = 0
    let count = 0
    for (const tap of indicesOf(windows.kernel)) {
      const position = readAt(windows, output, tap)
      const inside = isInside(position, spatial)
      if (inside) total += at(x, [n, c, ...position])
      if (inside || (includePad && position.every((value, i) => value < spatial[i] + windows.padEnd[i]))) count++
    }
    return total / count
  })
}

/** (Σ |x|ᵖ)^(1/p) over the window; padding is 0. */
const lpPool: Kernel = (call) => {
  const x = input(call, 0)
  const spatial = x.dims.slice(2)
  const windows = poolWindows(call.node, x)
  const p = intAttribute(call.node, 'p', 2)
  return build([...x.dims.slice(0, 2), ...windows.output], x.dtype, ([n, c, ...output]) => {
    let total = 0
    for (const tap of indicesOf(windows.kernel)) {
      const position = readAt(windows, output, tap)
      if (isInside(position, spatial)) total += Math.abs(at(x, [n, c, ...position])) ** p
    }
    return total ** (1 / p)
  })
}

const globalPool = (combine: (values: readonly number[]) => number): Kernel => (call) => {
  const x = input(call, 0)
  const spatial = x.dims.slice(2)
  return build([...x.dims.slice(0, 2), ...spatial.map(() => 1)], x.dtype, ([n, c]) => combine(Array.from(indicesOf(spatial), (position) => at(x, [n, c, ...position]))))
}

const globalLpPool: Kernel = (call) => {
  const p = intAttribute(call.node, 'p', 2)
  return globalPool((values) => values.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p))(call)
}

export const pooling: Kernels = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalLpPool: globalLpPool,
  GlobalAveragePool: globalPool((values) => values.reduce((a, b) => a + b, 0) / values.length),
  GlobalMaxPool: globalPool((values) => Math.max(...values)),
}
