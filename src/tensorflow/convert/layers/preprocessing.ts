/** @file Layers that prepare images and categories. */
import { knownSize, floatValue, type LayerCall, type LayerTable } from '../layer-call.js'
import { Refusal } from '../refusal.js'
import { storedAxis, type Value } from '../writer.js'
import { imageDims, imageOf } from './windows.js'

function rescaling(c: LayerCall): readonly Value[] {
  const x = c.floats
  const scaled = c.w.add('Mul', [x.name, c.w.constant(c.config.number('scale', 1))])
  return [{ ...x, name: c.w.add('Add', [scaled, c.w.constant(c.config.number('offset', 0))]) }]
}

type Interpolation = 'bilinear' | 'nearest'

/** @param aligned whether the corners of both images lie on each other */
function resized(c: LayerCall, height: number, width: number, interpolation: Interpolation, aligned: boolean): readonly Value[] {
  const image = imageOf(c, c.ofRank(4), true)
  const channels = knownSize(image.channels, 'the number of its channels')
  const sizes = c.w.add('Concat', [c.w.add('Shape', [image.name], { start: 0, end: 1 }), c.w.integers([channels, height, width])], { axis: 0 })
  const name = c.w.add('Resize', [image.name, '', '', sizes], {
    mode: interpolation === 'nearest' ? 'nearest' : 'linear', coordinate_transformation_mode: aligned ? 'align_corners' : 'asymmetric',
    ...(interpolation === 'nearest' && { nearest_mode: aligned ? 'round_prefer_ceil' : 'floor' }),
  })
  return [floatValue(name, imageDims(image, channels, [height, width]), image.order)]
}

function resizing(c: LayerCall): readonly Value[] {
  const { config } = c
  const interpolation = config.choice('interpolation', ['bilinear', 'nearest'], 'bilinear')
  return resized(c, config.size('height'), config.size('width'), interpolation, !config.flag('crop_to_aspect_ratio', false))
}

/** Picks the rows and columns that TensorFlow.js' nearest sampling comes to, which are not always the middle ones. */
function centerCrop(c: LayerCall): readonly Value[] {
  const x = c.ofRank(4)
  const wanted = [c.config.size('height'), c.config.size('width')]
  const sizes = [1, 2].map((axis) => knownSize(x.dims[axis], 'the size of its images'))
  const margins = wanted.map((size, i) => (sizes[i] === size ? 0 : Math.floor((sizes[i] - size) / 2)))
  if (sizes[1] !== wanted[1] && margins[1] === 0) margins[1] = 1
  if (margins.some((margin) => margin < 0)) return resized(c, wanted[0], wanted[1], 'bilinear', false)
  const name = [0, 1].reduce((image, i) => {
    const rows = sampled(sizes[i], wanted[i], margins[i])
    if (rows.some((row) => row === null)) throw new Refusal('it reads beyond the edge of the image')
    return c.w.add('Gather', [image, c.w.integers(rows as number[])], { axis: storedAxis(x, i + 1) })
  }, x.name)
  return [{ ...x, name, dims: [x.dims[0], ...wanted, x.dims[3]] }]
}

/** Rows from `margin` on, as crop-and-resize counts them from bounds in single precision; null for one outside. */
function sampled(size: number, wanted: number, margin: number): (number | null)[] {
  const [from, to] = [Math.fround(margin / size), Math.fround((wanted + margin) / size)]
  return Array.from({ length: wanted }, (_, i) => {
    const at = wanted > 1 ? from * (size - 1) + (i * ((to - from) * (size - 1))) / (wanted - 1) : 0.5 * (from + to) * (size - 1)
    return at < 0 || at > size - 1 ? null : Math.round(at)
  })
}

const INT32 = 6
const INT64 = 7

/** How often each category occurs in a row, or whether it does. */
function categoryEncoding({ w, config, x }: LayerCall): readonly Value[] {
  const tokens = config.size('num_tokens')
  const mode = config.choice('output_mode', ['multi_hot', 'one_hot', 'count', 'tf_idf', 'int'], 'multi_hot')
  if (mode === 'int') return [{ ...x, name: w.add('Cast', [w.stored(x)], { to: INT32 }), order: null, dtype: 'int32' }]
  if (mode === 'tf_idf') throw new Refusal('TensorFlow.js has no weights for its tf_idf')
  if (x.dims.length !== 2) throw new Refusal(`its input has ${x.dims.length} axes instead of 2`, 'shape')
  if (mode === 'one_hot' && x.dims[1] !== 1) throw new Refusal('TensorFlow.js encodes one category per row, and its input has several', 'shape')
  const indices = w.add('Cast', [w.add('Cast', [w.stored(x)], { to: INT32 })], { to: INT64 })
  const each = w.add('OneHot', [indices, w.constant(tokens, 'int64'), w.constant([0, 1])]) // [batch, categories, tokens]
  return [floatValue(w.add(mode === 'count' ? 'ReduceSum' : 'ReduceMax', [each, w.integers([1])], { keepdims: 0 }), [x.dims[0], tokens])]
}

const random = (): never => {
  throw new Refusal('it is random whenever the model runs')
}

export const preprocessing: LayerTable = {
  Rescaling: rescaling,
  Resizing: resizing,
  CenterCrop: centerCrop,
  CategoryEncoding: categoryEncoding,
  RandomWidth: random, RandomHeight: random,
}
