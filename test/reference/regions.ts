/** @file Pools over regions of interest. */
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../src/graph/ir.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, build } from './tensor.js'

type Tap = { readonly index: number; readonly weight: number }

/** The two neighbours of a place on an axis; none where it lies more than one element outside. */
function neighbours(place: number, size: number): Tap[] {
  if (place < -1 || place > size) return []
  const inside = Math.max(place, 0)
  const low = Math.floor(inside)
  if (low >= size - 1) return [{ index: size - 1, weight: 1 }, { index: size - 1, weight: 0 }]
  return [{ index: low, weight: low + 1 - inside }, { index: low + 1, weight: inside - low }]
}

/** Samples of cell `cell` along one axis of a region from `start` over `length`. */
function samplesOf(start: number, length: number, cells: number, ratio: number, cell: number, size: number): Tap[][] {
  const count = ratio > 0 ? ratio : Math.ceil(length / cells)
  const bin = length / cells
  return Array.from({ length: Math.max(count, 0) }, (_, i) => neighbours(start + cell * bin + ((i + 0.5) * bin) / count, size))
}

/** X [N, C, H, W], rois [regions, 4] as x1, y1, x2, y2, the row of each region [regions] → [regions, C, height, width] */
const roiAlign: Kernel = (call) => {
  const [x, rois, rows] = [input(call, 0), input(call, 1), input(call, 2)]
  const half = stringAttribute(call.node, 'coordinate_transformation_mode', call.opset < 16 ? 'output_half_pixel' : 'half_pixel') === 'half_pixel'
  const [height, width] = [intAttribute(call.node, 'output_height', 1), intAttribute(call.node, 'output_width', 1)]
  const [ratio, scale] = [intAttribute(call.node, 'sampling_ratio', 0), floatAttribute(call.node, 'spatial_scale', 1)]
  const maximum = stringAttribute(call.node, 'mode', 'avg') === 'max'
  const place = (region: number, i: number) => at(rois, [region, i]) * scale - (half ? 0.5 : 0)
  const extent = (from: number, to: number) => (half ? to - from : Math.max(to - from, 1))
  return build([rois.dims[0], x.dims[1], height, width], x.dtype, ([region, c, i, j]) => {
    const [left, top, right, bottom] = [0, 1, 2, 3].map((k) => place(region, k))
    const down = samplesOf(top, extent(top, bottom), height, ratio, i, x.dims[2])
    const across = samplesOf(left, extent(left, right), width, ratio, j, x.dims[3])
    const values = down.flatMap((a) => across.map((b) => (a.length === 0 || b.length === 0 ? [0] : a.flatMap((one) => b.map((two) => one.weight * two.weight * at(x, [rows.data[region], c, one.index, two.index]))))))
    if (values.length === 0) return 0
    return maximum ? Math.max(...values.flat()) : values.flat().reduce((sum, value) => sum + value, 0) / values.length
  })
}

const roundAwayFromZero = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5)

/** X [N, C, H, W], rois [regions, 5] as row, x1, y1, x2, y2 → [regions, C, …pooled_shape]; empty cells are 0. */
const maxRoiPool: Kernel = (call) => {
  const [x, rois] = [input(call, 0), input(call, 1)]
  const pooled = intsAttribute(call.node, 'pooled_shape', [])
  const scale = floatAttribute(call.node, 'spatial_scale', 1)
  const bounds = (region: number, axis: number, cell: number): [number, number] => {
    const [from, to] = [2 - axis, 4 - axis].map((i) => roundAwayFromZero(at(rois, [region, i]) * scale))
    const bin = Math.max(to - from + 1, 1) / pooled[axis]
    const inside = (value: number) => Math.min(Math.max(value, 0), x.dims[axis + 2])
    return [inside(Math.floor(cell * bin) + from), inside(Math.ceil((cell + 1) * bin) + from)]
  }
  return build([rois.dims[0], x.dims[1], ...pooled], x.dtype, ([region, c, i, j]) => {
    const [[top, bottom], [left, right]] = [bounds(region, 0, i), bounds(region, 1, j)]
    let best: number | null = null
    for (let h = top; h < bottom; h++) for (let w = left; w < right; w++) best = Math.max(best ?? -Infinity, at(x, [at(rois, [region, 0]), c, h, w]))
    return best ?? 0
  })
}

export const regions: Kernels = { RoiAlign: roiAlign, MaxRoiPool: maxRoiPool }
