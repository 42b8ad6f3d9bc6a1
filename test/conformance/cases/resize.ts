/** @file Cases of Resize in its modes. */
import { float } from '../../../src/graph/index.js'
import { refTensor } from '../../reference/index.js'
import { fed, fixed, int64s, type CaseInput, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

type Mode = 'nearest' | 'linear' | 'cubic'

const COORDINATES = ['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel', 'half_pixel_symmetric']
const floats = (values: readonly number[]): CaseInput => fixed(refTensor([values.length], values.map(Math.fround)))

/** Places never fall on the edge between two elements, where float32 and float64 may round apart. */
const scaleOf = (random: Random): number => random.pick([1.37, 1.83, 2.21, 0.73, 0.61])

/** ONNX Runtime resamples the last axes of images; nearest takes any. */
function drawn(random: Random, mode: Mode): { dims: number[]; free: readonly number[] } {
  const rank = mode === 'cubic' ? 4 : random.pick(mode === 'linear' ? [4, 5] : [3, 4, 5])
  return { dims: [random.integer(1, 2), random.integer(1, 2), ...random.list(rank - 2, () => random.integer(2, 4))], free: Array.from({ length: rank - 2 }, (_, i) => i + 2) }
}

const resize = (mode: Mode, by: 'scales' | 'sizes'): CaseMaker => (random) => {
  const { dims, free } = drawn(random, mode)
  const drawnScales = dims.map((_, axis) => (free.includes(axis) && random.integer(0, 3) > 0 ? scaleOf(random) : 1))
  // ONNX Runtime copies an image of which no size changes, whatever the scales.
  const scales = drawnScales.map((scale, axis) => (axis === dims.length - 1 && dims.every((dim, i) => Math.floor(dim * drawnScales[i]) === dim) ? 2.21 : scale))
  const sizes = dims.map((dim, axis) => Math.max(1, Math.floor(dim * scales[axis])))
  const coordinates = random.pick(by === 'sizes' && mode === 'nearest' ? ['half_pixel'] : COORDINATES)
  const attributes = {
    mode,
    coordinate_transformation_mode: coordinates,
    ...(mode === 'nearest' ? { nearest_mode: random.pick(by === 'sizes' ? ['floor'] : ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']) } : {}),
    ...(mode === 'cubic' ? { cubic_coeff_a: random.pick([undefined, float(-0.5)]), exclude_outside: coordinates === 'half_pixel_symmetric' ? 0 : random.integer(0, 1) } : {}),
  }
  return { op: 'Resize', opset: random.pick([13, 18, 19]), attributes, inputs: [fed(random.tensor(dims)), null, ...(by === 'scales' ? [floats(scales)] : [null, int64s(sizes)])] }
}

/** Scales that repeat elements, and some that look as if they did. */
const repeated: CaseMaker = (random) => {
  const { dims, free } = drawn(random, 'nearest')
  const [coordinates, rounding] = random.pick([['asymmetric', 'floor'], ['half_pixel', 'round_prefer_floor'], ['half_pixel', 'round_prefer_ceil'], ['asymmetric', 'round_prefer_ceil'], ['half_pixel', 'floor'], ['asymmetric', 'ceil'], ['half_pixel_symmetric', 'round_prefer_floor'], ['align_corners', 'round_prefer_floor']])
  const scales = dims.map((_, axis) => (free.includes(axis) ? random.pick([1, 2, 2, 4]) : 1))
  return { op: 'Resize', opset: random.pick([13, 18]), attributes: { mode: 'nearest', coordinate_transformation_mode: coordinates, nearest_mode: rounding }, inputs: [fed(random.tensor(dims)), null, floats(scales)] }
}

/** Along axes whose size stays, ONNX Runtime does not crop. */
const crop = (mode: Mode): CaseMaker => (random) => {
  const { dims, free } = drawn(random, mode)
  const begin = dims.map((_, axis) => (free.includes(axis) ? random.pick([0.06, 0.21, -0.13]) : 0))
  const end = dims.map((_, axis) => (free.includes(axis) ? random.pick([0.93, 0.71, 1.17]) : 1))
  const sizes = dims.map((dim, axis) => (free.includes(axis) ? random.pick([1, 2, 3, 4, 5].filter((size) => size !== dim)) : dim))
  return {
    op: 'Resize', opset: random.pick([13, 18]),
    attributes: { mode, coordinate_transformation_mode: 'tf_crop_and_resize', extrapolation_value: float(random.pick([0, 2])) },
    inputs: [fed(random.tensor(dims)), floats([...begin, ...end]), null, int64s(sizes)],
  }
}

const antialiased = (mode: 'linear' | 'cubic'): CaseMaker => (random) => {
  const dims = [1, random.integer(1, 2), ...random.list(2, () => random.integer(4, 6))]
  const scales = [1, 1, ...random.list(2, () => random.pick([0.37, 0.63, 0.81, 1.31]))]
  return { op: 'Resize', opset: random.pick([18, 19]), attributes: { mode, antialias: 1, coordinate_transformation_mode: random.pick(['half_pixel', 'asymmetric']), ...(mode === 'cubic' ? { exclude_outside: random.integer(0, 1) } : {}) }, inputs: [fed(random.tensor(dims)), null, floats(scales)] }
}

const aspect: CaseMaker = (random) => {
  const dims = [1, 2, ...random.list(2, () => random.integer(3, 6))]
  const mode = random.pick(['linear', 'cubic'])
  return {
    op: 'Resize', opset: random.pick([18, 19]),
    attributes: { mode, axes: [2, 3], keep_aspect_ratio_policy: random.pick(['not_larger', 'not_smaller']) },
    inputs: [fed(random.tensor(dims)), null, null, int64s(random.list(2, () => random.integer(3, 7)))],
  }
}

const axes: CaseMaker = (random) => {
  const dims = [random.integer(1, 3), random.integer(1, 3), random.integer(2, 4), random.integer(2, 4)]
  const chosen = random.axes(4, 1)
  return { op: 'Resize', opset: random.pick([18, 19]), attributes: { mode: 'nearest', axes: chosen }, inputs: [fed(random.tensor(dims)), null, floats(chosen.map(() => random.pick([1.37, 2, 0.61])))] }
}

/** The scales are those of opset 9, an input. */
const upsample: CaseMaker = (random) => {
  const mode = random.pick(['nearest', 'linear'])
  const dims = [1, 2, random.integer(2, 3), random.integer(2, 3)]
  const scales = [1, 1, random.pick([2, 1.83, 3]), random.pick([1, 2, 2.21])]
  return { op: 'Upsample', opset: 9, attributes: { mode }, inputs: [fed(random.tensor(dims)), floats(scales)] }
}

export const resizeCases: CaseTable = {
  'Resize nearest by scales': resize('nearest', 'scales'),
  'Resize nearest by sizes': resize('nearest', 'sizes'),
  'Resize linear by scales': resize('linear', 'scales'),
  'Resize linear by sizes': resize('linear', 'sizes'),
  'Resize cubic by scales': resize('cubic', 'scales'),
  'Resize cubic by sizes': resize('cubic', 'sizes'),
  'Resize by repetition': repeated,
  'Resize of a nearest crop': crop('nearest'),
  'Resize of a linear crop': crop('linear'),
  'Resize of a cubic crop': crop('cubic'),
  'Resize linear antialiased': antialiased('linear'),
  'Resize cubic antialiased': antialiased('cubic'),
  'Resize keeping the aspect ratio': aspect,
  'Resize of other axes': axes,
  'Upsample': upsample,
}
