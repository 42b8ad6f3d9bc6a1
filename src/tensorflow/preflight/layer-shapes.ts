/** @file What a layer makes of a shape, and how many weights it needs: known before anything is built. https://keras.io/api/layers/ */
import { layerOf, listOf, type Layer, type Shape } from './layer-settings.js'

type Size = number | null
const product = (sizes: Shape): number => sizes.reduce<number>((all, size) => all * (size ?? 1), 1)

/** A window that moves along an axis, as in convolutions and pooling. */
function windowed(size: Size, window: number, stride: number, dilation: number, padding: string): Size {
  if (size === null) return null
  const steps = padding === 'valid' ? size - dilation * (window - 1) : size
  return Math.max(0, Math.ceil(steps / Math.max(1, stride)))
}

const isChannelsFirst = (layer: Layer): boolean => layer.text('data_format', 'channels_last') === 'channels_first'
const spatialOf = (layer: Layer, input: Shape): Size[] => [...(isChannelsFirst(layer) ? input.slice(1) : input.slice(0, -1))]
const channelsOf = (layer: Layer, input: Shape): Size => (isChannelsFirst(layer) ? input[0] : input.at(-1)) ?? null
const withChannels = (layer: Layer, spatial: Shape, channels: Size): Shape => (isChannelsFirst(layer) ? [channels, ...spatial] : [...spatial, channels])

function convolved(layer: Layer, input: Shape, channels: Size): Shape {
  const spatial = spatialOf(layer, input)
  const [kernel, strides, dilation] = [layer.sizes('kernel_size', spatial.length, 1), layer.sizes('strides', spatial.length, 1), layer.sizes('dilation_rate', spatial.length, 1)]
  return withChannels(layer, spatial.map((size, i) => windowed(size, kernel[i], strides[i], dilation[i], layer.text('padding', 'valid'))), channels)
}

function spread(layer: Layer, input: Shape): Shape {
  const spatial = spatialOf(layer, input)
  const [kernel, strides] = [layer.sizes('kernel_size', spatial.length, 1), layer.sizes('strides', spatial.length, 1)]
  const grown = spatial.map((size, i) => (size === null ? null : size * strides[i] + (layer.text('padding', 'valid') === 'valid' ? Math.max(0, kernel[i] - strides[i]) : 0)))
  return withChannels(layer, grown, layer.size('filters'))
}

function pooled(layer: Layer, input: Shape): Shape {
  const spatial = spatialOf(layer, input)
  const window = layer.sizes('pool_size', spatial.length, 2)
  const strides = layer.setting('strides') === null ? window : layer.sizes('strides', spatial.length, 1)
  return withChannels(layer, spatial.map((size, i) => windowed(size, window[i], strides[i], 1, layer.text('padding', 'valid'))), channelsOf(layer, input))
}

function padded(layer: Layer, input: Shape, sign: 1 | -1): Shape {
  const around = layer.setting(sign === 1 ? 'padding' : 'cropping') ?? 1
  const sides = (i: number): number => {
    const one: unknown = Array.isArray(around) ? (around as unknown[])[i] : around
    return Array.isArray(one) ? Number(one[0]) + Number(one[1]) : 2 * Number(one)
  }
  return withChannels(layer, spatialOf(layer, input).map((size, i) => (size === null ? null : Math.max(0, size + sign * sides(i)))), channelsOf(layer, input))
}

function reshaped(layer: Layer, input: Shape): Shape {
  const target = layer.setting('target_shape')
  const sizes = Array.isArray(target) ? (target as unknown[]).map((size) => Number(size ?? -1)) : []
  const known = product(sizes.filter((size) => size > 0))
  return sizes.map((size) => (size < 0 ? product(input) / Math.max(1, known) : size))
}

function joined(layer: Layer, inputs: readonly Shape[]): Shape {
  const [first] = inputs
  const stated = Number(layer.setting('axis') ?? -1)
  const axis = stated < 0 ? first.length + stated : stated - 1
  return first.map((size, i) => (i === axis ? inputs.reduce<Size>((sum, shape) => (sum === null || shape[i] == null ? null : sum + shape[i]), 0) : size))
}

function recurrent(layer: Layer, input: Shape, units: number): Shape {
  return layer.flag('return_sequences') ? [input[0] ?? null, units] : [units]
}

const unitsOf = (cell: Layer | null): number => {
  if (cell === null) return 0
  const cells = cell.setting('cells')
  return Array.isArray(cells) ? Number((cells as { config?: { units?: number } }[]).at(-1)?.config?.units ?? 0) : cell.size('units')
}

const GATES: Readonly<Record<string, number>> = { SimpleRNN: 1, SimpleRNNCell: 1, GRU: 3, GRUCell: 3, LSTM: 4, LSTMCell: 4 }

/** Without the batch; null where it is not known. */
export function outputShape(layer: Layer, inputs: readonly Shape[]): Shape | null {
  const [input] = inputs
  if (input === undefined) return null
  switch (layer.className) {
    case 'Dense': return [...input.slice(0, -1), layer.size('units')]
    case 'Flatten': return [product(input)]
    case 'Reshape': return reshaped(layer, input)
    case 'Permute': return (layer.setting('dims') as number[] | null)?.map((axis) => input[axis - 1] ?? null) ?? null
    case 'RepeatVector': return [layer.size('n'), ...input]
    case 'Embedding': return [...input, layer.size('output_dim')]
    case 'Conv1D': case 'Conv2D': case 'Conv3D': case 'SeparableConv2D': return convolved(layer, input, layer.size('filters'))
    case 'DepthwiseConv2D': return convolved(layer, input, (channelsOf(layer, input) ?? 1) * layer.size('depth_multiplier', 1))
    case 'Conv2DTranspose': case 'Conv3DTranspose': return spread(layer, input)
    case 'MaxPooling1D': case 'MaxPooling2D': case 'MaxPooling3D': case 'AveragePooling1D': case 'AveragePooling2D': case 'AveragePooling3D': return pooled(layer, input)
    case 'GlobalAveragePooling1D': case 'GlobalMaxPooling1D': case 'GlobalAveragePooling2D': case 'GlobalMaxPooling2D': return [channelsOf(layer, input)]
    case 'UpSampling2D': return withChannels(layer, spatialOf(layer, input).map((size, i) => (size === null ? null : size * layer.sizes('size', 2, 2)[i])), channelsOf(layer, input))
    case 'ZeroPadding2D': return padded(layer, input, 1)
    case 'Cropping2D': return padded(layer, input, -1)
    case 'Concatenate': return joined(layer, inputs)
    case 'Add': case 'Average': case 'Maximum': case 'Minimum': case 'Multiply': return inputs.reduce((a, b) => (product(b) > product(a) ? b : a))
    case 'SimpleRNN': case 'GRU': case 'LSTM': return recurrent(layer, input, layer.size('units'))
    case 'RNN': return recurrent(layer, input, unitsOf(layer.inner('cell')))
    case 'Bidirectional': return doubled(layer, input)
    case 'TimeDistributed': return timed(layer, input)
    case 'Resizing': case 'CenterCrop': return [layer.size('height'), layer.size('width'), input.at(-1) ?? null]
    case 'CategoryEncoding': return [layer.size('num_tokens')]
    case 'ConvLSTM2D': case 'Dot': case 'RandomWidth': return null
    default: return input
  }
}

function doubled(layer: Layer, input: Shape): Shape | null {
  const inner = layer.inner('layer')
  const shape = inner && outputShape(inner, [input])
  const merges = layer.setting('merge_mode') ?? 'concat'
  return shape && merges === 'concat' ? [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 1)] : shape
}

function timed(layer: Layer, input: Shape): Shape | null {
  const inner = layer.inner('layer')
  const shape = inner && outputShape(inner, [input.slice(1)])
  return shape && [input[0] ?? null, ...shape]
}

/** Elements of the weights that a layer makes for an input. */
export function weightElements(layer: Layer, input: Shape | null): number {
  const features = input?.at(-1) ?? 1
  const gates = GATES[layer.className]
  if (gates !== undefined) return gates * layer.size('units') * (features + layer.size('units') + 1)
  switch (layer.className) {
    case 'Dense': return layer.size('units') * (features + 1)
    case 'Embedding': return layer.size('input_dim') * layer.size('output_dim')
    case 'Conv1D': return kernelElements(layer, 1) * (input ? (channelsOf(layer, input) ?? 1) : 1) * layer.size('filters')
    case 'Conv2D': case 'Conv2DTranspose': return kernelElements(layer, 2) * (input ? (channelsOf(layer, input) ?? 1) : 1) * layer.size('filters')
    case 'Conv3D': case 'Conv3DTranspose': return kernelElements(layer, 3) * (input ? (channelsOf(layer, input) ?? 1) : 1) * layer.size('filters')
    case 'ConvLSTM2D': return 4 * kernelElements(layer, 2) * layer.size('filters') * (layer.size('filters') + (input ? (channelsOf(layer, input) ?? 1) : 1))
    case 'DepthwiseConv2D': case 'SeparableConv2D': return kernelElements(layer, 2) * (input ? (channelsOf(layer, input) ?? 1) : 1) * layer.size('depth_multiplier', 1)
    case 'RNN': return weightsOf(layer.inner('cell'), input)
    case 'StackedRNNCells': return cellsOf(layer).reduce((sum, cell) => sum + weightsOf(cell, null), 0)
    case 'Bidirectional': return 2 * weightsOf(layer.inner('layer'), input)
    case 'TimeDistributed': return weightsOf(layer.inner('layer'), input?.slice(1) ?? null)
    default: return 0
  }
}

const kernelElements = (layer: Layer, axes: number): number => product(layer.sizes('kernel_size', axes, 1))
const weightsOf = (layer: Layer | null, input: Shape | null): number => (layer === null ? 0 : weightElements(layer, input))

/** The layers that a stack of cells holds. */
export function cellsOf(layer: Layer): Layer[] {
  return listOf(layer.setting('cells')).flatMap((cell) => layerOf(cell) ?? [])
}
