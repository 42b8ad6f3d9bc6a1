/** @file Operators that read images between their elements: GridSample, AffineGrid, DeformConv. */
import { intAttribute, intsAttribute, stringAttribute } from '../../src/graph/ir.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, build, indicesOf, type RefTensor } from './tensor.js'

/** The part of an axis that is not padding. */
type Edge = { readonly size: number; readonly from: number; readonly to: number }

function mirrored(place: number, { from, to }: Edge): number {
  if (to === from) return from
  let inside = place
  while (inside < from || inside > to) inside = inside < from ? 2 * from - inside : 2 * to - inside
  return inside
}

const clamp = (place: number, { size }: Edge): number => Math.min(Math.max(place, 0), size - 1)

/** What a neighbour counts and where it is read; null where padding is 0. */
function settle(index: number, edge: Edge, padding: string): number | null {
  if (padding === 'border') return clamp(index, edge)
  if (padding === 'reflection') return Math.round(mirrored(index, edge))
  return index >= 0 && index < edge.size ? index : null
}

function cubicWeight(distance: number): number {
  const [x, a] = [Math.abs(distance), -0.75]
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0
}

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  return rest === 0.5 ? (floor % 2 === 0 ? floor : floor + 1) : Math.round(x)
}

function tapsAlong(mode: string, place: number): { index: number; weight: number }[] {
  const low = Math.floor(place)
  if (mode === 'nearest') return [{ index: roundHalfToEven(place), weight: 1 }]
  if (mode === 'cubic' || mode === 'bicubic') return [-1, 0, 1, 2].map((i) => ({ index: low + i, weight: cubicWeight(place - low - i) }))
  return [{ index: low, weight: low + 1 - place }, { index: low + 1, weight: place - low }]
}

/** Σ over all combinations of taps, of x at [...head, ...taps]. */
function weighed(x: RefTensor, head: readonly number[], taps: readonly { index: number | null; weight: number }[][]): number {
  let total = 0
  for (const choice of indicesOf(taps.map((list) => list.length))) {
    const chosen = choice.map((i, axis) => taps[axis][i])
    if (chosen.some(({ index }) => index === null)) continue
    total += chosen.reduce((product, { weight }) => product * weight, 1) * at(x, [...head, ...chosen.map(({ index }) => index as number)])
  }
  return total
}

const gridSample: Kernel = (call) => {
  const [x, grid] = [input(call, 0), input(call, 1)]
  const mode = stringAttribute(call.node, 'mode', 'linear')
  const padding = stringAttribute(call.node, 'padding_mode', 'zeros')
  const corners = intAttribute(call.node, 'align_corners', 0) === 1
  const edges = x.dims.slice(2).map((size): Edge => ({ size, from: corners ? 0 : -0.5, to: corners ? size - 1 : size - 0.5 }))
  return build([...x.dims.slice(0, 2), ...grid.dims.slice(1, -1)], x.dtype, ([n, c, ...place]) => {
    const taps = edges.map((edge, axis) => {
      const given = at(grid, [n, ...place, edges.length - 1 - axis])
      const exact = corners ? ((given + 1) / 2) * (edge.size - 1) : ((given + 1) * edge.size - 1) / 2
      const outside = mode !== 'nearest' && (exact < edge.from || exact > edge.to)
      const brought = outside && padding === 'reflection' ? mirrored(exact, edge) : exact
      return tapsAlong(mode, brought).map(({ index, weight }) => ({ index: settle(index, edge, padding), weight }))
    })
    return weighed(x, [n, c], taps)
  })
}

const affineGrid: Kernel = (call) => {
  const [theta, size] = [input(call, 0), Array.from(input(call, 1).data)]
  const sizes = size.slice(2)
  const corners = intAttribute(call.node, 'align_corners', 0) === 1
  return build([size[0], ...sizes, sizes.length], theta.dtype, (index) => {
    const [n, place, row] = [index[0], index.slice(1, -1), index[index.length - 1]]
    const along = place.map((i, axis) => (corners ? (sizes[axis] === 1 ? 0 : (2 * i) / (sizes[axis] - 1) - 1) : (2 * i + 1) / sizes[axis] - 1))
    return [...along.reverse(), 1].reduce((sum, value, column) => sum + value * at(theta, [n, row, column]), 0)
  })
}

/** X [N, C, H, W], W [O, C/group, kh, kw], offset [N, parts·kh·kw·2, H', W'], B [O], mask [N, parts·kh·kw, H', W'] */
const deformConv: Kernel = (call) => {
  const [x, w, offset, b, mask] = [input(call, 0), input(call, 1), input(call, 2), call.inputs[3], call.inputs[4]]
  const [group, parts] = [intAttribute(call.node, 'group', 1), intAttribute(call.node, 'offset_group', 1)]
  const [strides, dilations, pads] = [intsAttribute(call.node, 'strides', [1, 1]), intsAttribute(call.node, 'dilations', [1, 1]), intsAttribute(call.node, 'pads', [0, 0, 0, 0])]
  const [filters, perGroup, height, width] = w.dims
  const edges = x.dims.slice(2).map((size): Edge => ({ size, from: 0, to: size - 1 }))
  return build([x.dims[0], filters, offset.dims[2], offset.dims[3]], x.dtype, ([n, filter, ...out]) => {
    let total = b === undefined ? 0 : b.data[filter]
    for (let i = 0; i < perGroup; i++) {
      const channel = Math.floor(filter / (filters / group)) * perGroup + i
      const part = Math.floor(channel / (x.dims[1] / parts))
      for (const tap of indicesOf([height, width])) {
        const which = (part * height + tap[0]) * width + tap[1]
        const taps = edges.map((edge, axis) => {
          const place = out[axis] * strides[axis] - pads[axis] + tap[axis] * dilations[axis] + at(offset, [n, which * 2 + axis, ...out])
          return tapsAlong('linear', place).map(({ index, weight }) => ({ index: settle(index, edge, 'zeros'), weight }))
        })
        total += weighed(x, [n, channel], taps) * at(w, [filter, i, ...tap]) * (mask === undefined ? 1 : at(mask, [n, which, ...out]))
      }
    }
    return total
  })
}

export const sampling: Kernels = { GridSample: gridSample, AffineGrid: affineGrid, DeformConv: deformConv }
