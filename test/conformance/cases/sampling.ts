/** @file Cases of operators that read images between their elements, or over regions of them. */
import { float } from '../../../src/graph/index.js'
import { refTensor } from '../../reference/index.js'
import { fed, fixed, int64s, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'

const gridSample = (opset: 16 | 20, modes: readonly string[], ranks: readonly number[]): CaseMaker => (random) => {
  const axes = random.pick(ranks)
  const [rows, channels] = [random.integer(1, 2), random.integer(1, 2)]
  const x = random.tensor([rows, channels, ...random.list(axes, () => random.integer(2, 4))])
  const grid = random.between([rows, ...random.list(axes, () => random.integer(1, 3)), axes], -1.6, 1.6)
  const attributes = { mode: random.pick(modes), padding_mode: random.pick(['zeros', 'border', 'reflection']), align_corners: random.integer(0, 1) }
  return { op: 'GridSample', opset, attributes, inputs: [fed(x), fed(grid)] }
}

const affineGrid: CaseMaker = (random) => {
  const axes = random.pick([2, 3])
  const [rows, corners] = [random.integer(1, 2), random.integer(0, 1)]
  // Where the corners of a single element lie is not specified, and runtimes differ.
  const size = [rows, random.integer(1, 2), ...random.list(axes, () => random.integer(1 + corners, 3))]
  return { op: 'AffineGrid', opset: 20, attributes: { align_corners: corners }, inputs: [parameter(random.tensor([rows, axes, axes + 1])), int64s(size)] }
}

const deformConv: CaseMaker = (random) => {
  const [group, parts] = [random.integer(1, 2), random.integer(1, 2)]
  const [rows, channels, filters] = [random.integer(1, 2), 2 * random.integer(1, 2), group * random.integer(1, 2)]
  const kernel = random.list(2, () => random.integer(1, 2))
  const dilations = random.list(2, () => random.integer(1, 2))
  const strides = random.list(2, () => random.integer(1, 2))
  const pads = random.list(4, () => random.integer(0, 1))
  const space = kernel.map((size, axis) => (size - 1) * dilations[axis] + 1 + random.integer(0, 2))
  const out = space.map((size, axis) => Math.floor((size + pads[axis] + pads[axis + 2] - (kernel[axis] - 1) * dilations[axis] - 1) / strides[axis]) + 1)
  const taps = kernel[0] * kernel[1]
  const bias = random.boolean() ? fed(random.tensor([filters])) : null
  const mask = random.boolean() ? [fed(random.between([rows, parts * taps, ...out], 0.1, 1))] : []
  return {
    op: 'DeformConv', opset: 19, attributes: { group, offset_group: parts, dilations, strides, pads, kernel_shape: kernel },
    inputs: [fed(random.tensor([rows, channels, ...space])), parameter(random.tensor([filters, channels / group, ...kernel])), fed(random.between([rows, parts * taps * 2, ...out], -0.9, 0.9)), ...(bias || mask.length > 0 ? [bias] : []), ...mask],
  }
}

/** Regions that begin and end inside, at the edge of and outside an image of up to 6 by 6 elements, scaled by a half. */
const roiAlign = (mode: 'avg' | 'max'): CaseMaker => (random) => {
  const rows = random.integer(1, 2)
  const regions = random.integer(1, 3)
  const corners = random.list(regions, () => {
    const [left, top] = random.uniform(2, -2.5, 6)
    const [width, height] = random.uniform(2, 0.7, 8)
    return [left, top, left + width, top + height].map(Math.fround)
  })
  return {
    op: 'RoiAlign', opset: random.pick([10, 16, 18]),
    attributes: { mode, output_height: random.integer(1, 3), output_width: random.integer(1, 3), sampling_ratio: random.integer(0, 2), spatial_scale: float(random.pick([1, 0.5])) },
    inputs: [fed(random.tensor([rows, random.integer(1, 2), random.integer(2, 6), random.integer(2, 6)])), fixed(refTensor([regions, 4], corners.flat())), int64s(random.list(regions, () => random.integer(0, rows - 1)))],
  }
}

const maxRoiPool: CaseMaker = (random) => {
  const rows = random.integer(1, 2)
  const rois = random.list(random.integer(1, 3), () => {
    const [left, top] = [random.integer(0, 5), random.integer(0, 5)]
    return [random.integer(0, rows - 1), left, top, left + random.integer(0, 6), top + random.integer(0, 6)]
  })
  return {
    op: 'MaxRoiPool', opset: random.pick([8, 18]), attributes: { pooled_shape: [random.integer(1, 3), random.integer(1, 3)], spatial_scale: float(random.pick([1, 0.625])) },
    inputs: [fed(random.tensor([rows, random.integer(1, 2), random.integer(2, 5), random.integer(2, 5)])), fixed(refTensor([rois.length, 5], rois.flat()))],
  }
}

export const sampling: CaseTable = {
  'GridSample linear': gridSample(20, ['linear'], [2, 3]),
  'GridSample nearest': gridSample(20, ['nearest'], [2, 3]),
  'GridSample cubic': gridSample(20, ['cubic'], [2]),
  'GridSample of opset 16': gridSample(16, ['bilinear', 'nearest', 'bicubic'], [2]),
  'AffineGrid': affineGrid,
  'DeformConv': deformConv,
}

export const regions: CaseTable = {
  'RoiAlign': roiAlign('avg'),
  'RoiAlign of maxima': roiAlign('max'),
  'MaxRoiPool': maxRoiPool,
}
