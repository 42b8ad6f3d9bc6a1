/** @file Softmax and normalizations. */
import { floatAttribute, intAttribute } from '../../src/graph/ir.js'
import { input, type Call, type Kernel, type Kernels } from './kernel.js'
import { at, build, normalAxis, refTensor, sameElements, sizeOf, withAxis, type RefTensor } from './tensor.js'

/** Before opset 13 the input is first flattened to two dimensions at `axis`, and axis defaults to 1. */
function alongAxis(call: Call, apply: (values: readonly number[]) => readonly number[]): RefTensor {
  const x = input(call, 0)
  const axis = normalAxis(intAttribute(call.node, 'axis', call.opset < 13 ? 1 : -1), x.dims.length)
  if (call.opset >= 13) return eachLine(x, axis, apply)
  return sameElements(eachLine(sameElements(x, [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))]), 1, apply), x.dims)
}

function eachLine(x: RefTensor, axis: number, apply: (values: readonly number[]) => readonly number[]): RefTensor {
  return build(x.dims, x.dtype, (index) => apply(Array.from({ length: x.dims[axis] }, (_, i) => at(x, withAxis(index, axis, i))))[index[axis]])
}

export function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values)
  if (!Number.isFinite(largest)) return largest
  return largest + Math.log(values.reduce((total, value) => total + Math.exp(value - largest), 0))
}

const logSoftmax = (values: readonly number[]): number[] => {
  const normalizer = logSumExp(values)
  return values.map((value) => value - normalizer)
}

const mean = (values: Float64Array | readonly number[]): number => {
  let total = 0
  for (const value of values) total += value
  return total / values.length
}
const variance = (values: readonly number[]): number => mean(values.map((value) => (value - mean(values)) ** 2))

/** X [batch, channels, …], then scale, bias, mean, variance [channels]. In training mode the statistics are the batch's own, and the running ones come out. */
const batchNormalization: Kernel = (call) => {
  const [x, scale, bias, runningMean, runningVariance] = [0, 1, 2, 3, 4].map((i) => input(call, i))
  const epsilon = floatAttribute(call.node, 'epsilon', 1e-5)
  const momentum = floatAttribute(call.node, 'momentum', 0.9)
  const training = intAttribute(call.node, 'training_mode', 0) === 1
  const channels = x.dims[1] ?? 1
  const inner = sizeOf(x.dims.slice(2))
  const ofChannel = (channel: number) => Array.from(x.data).filter((_, i) => Math.floor(i / inner) % channels === channel)
  const batchMean = Array.from({ length: channels }, (_, channel) => mean(ofChannel(channel)))
  const batchVariance = Array.from({ length: channels }, (_, channel) => variance(ofChannel(channel)))
  const [means, variances] = training ? [batchMean, batchVariance] : [runningMean.data, runningVariance.data]
  const y = build(x.dims, x.dtype, (index) => {
    const channel = index[1] ?? 0
    return ((at(x, index) - means[channel]) / Math.sqrt(variances[channel] + epsilon)) * scale.data[channel] + bias.data[channel]
  })
  if (!training) return y
  const blend = (running: RefTensor, own: readonly number[]) => refTensor(running.dims, running.data.map((value, i) => value * momentum + own[i] * (1 - momentum)), running.dtype)
  return [y, blend(runningMean, batchMean), blend(runningVariance, batchVariance)]
}

/** Normalizes over all axes from `axis` on. Y, Mean and InvStdDev. */
const layerNormalization: Kernel = (call) => {
  const [x, scale, bias] = [input(call, 0), input(call, 1), call.inputs[2]]
  const axis = normalAxis(intAttribute(call.node, 'axis', -1), x.dims.length)
  const epsilon = floatAttribute(call.node, 'epsilon', 1e-5)
  const inner = sizeOf(x.dims.slice(axis))
  const rows = Array.from({ length: sizeOf(x.dims.slice(0, axis)) }, (_, row) => Array.from(x.data.subarray(row * inner, (row + 1) * inner)))
  const inverse = rows.map((row) => 1 / Math.sqrt(variance(row) + epsilon))
  const scales = broadcastTo(scale, x.dims.slice(axis))
  const biases = bias === undefined ? null : broadcastTo(bias, x.dims.slice(axis))
  const y = rows.flatMap((row, i) => row.map((value, j) => (value - mean(row)) * inverse[i] * scales[j] + (biases?.[j] ?? 0)))
  const statistics = x.dims.map((dim, i) => (i < axis ? dim : 1))
  return [refTensor(x.dims, y, x.dtype), refTensor(statistics, rows.map(mean), x.dtype), refTensor(statistics, inverse, x.dtype)]
}

function broadcastTo(tensor: RefTensor, dims: readonly number[]): Float64Array {
  const padded = sameElements(tensor, [...dims.slice(0, dims.length - tensor.dims.length).map(() => 1), ...tensor.dims])
  return build(dims, tensor.dtype, (index) => at(padded, index.map((value, i) => (padded.dims[i] === 1 ? 0 : value)))).data
}

export const normalization: Kernels = {
  Softmax: (call) => alongAxis(call, (values) => logSoftmax(values).map(Math.exp)),
  LogSoftmax: (call) => alongAxis(call, logSoftmax),
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
}
