/** @file Softmax and normalizations. */
import { floatAttribute, intAttribute, intsAttribute } from '../../src/graph/ir.js'
import { input, type Call, type Kernel, type Kernels } from './kernel.js'
import { at, build, indicesOf, normalAxis, refTensor, sameElements, sizeOf, withAxis, type RefTensor } from './tensor.js'

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
  return [refTensor(x.dims, y, x.dtype), refTensor(statistics, rows.map(mean), 'float32'), refTensor(statistics, inverse, 'float32')]
}

/** x / √(mean of squares + ε) over all axes from `axis` on, times scale. */
const rmsNormalization: Kernel = (call) => {
  const [x, scale] = [input(call, 0), input(call, 1)]
  const axis = normalAxis(intAttribute(call.node, 'axis', -1), x.dims.length)
  const epsilon = floatAttribute(call.node, 'epsilon', 1e-5)
  const inner = sizeOf(x.dims.slice(axis))
  const scales = broadcastTo(scale, x.dims).map((value, i) => value / Math.sqrt(mean(x.data.subarray(i - (i % inner), i - (i % inner) + inner).map((element) => element ** 2)) + epsilon))
  return refTensor(x.dims, x.data.map((value, i) => value * scales[i]), x.dtype)
}

/** Mean 0 and variance 1 in each of the groups of elements that follow one another, then times the scale and plus the bias of an element. */
function normalizeRuns(x: RefTensor, length: number, epsilon: number, scaleOf: (i: number) => number, biasOf: (i: number) => number): RefTensor {
  const runs = Array.from({ length: x.data.length / length }, (_, run) => Array.from(x.data.subarray(run * length, (run + 1) * length)))
  return refTensor(x.dims, runs.flatMap((run, r) => run.map((value, j) => ((value - mean(run)) / Math.sqrt(variance(run) + epsilon)) * scaleOf(r * length + j) + biasOf(r * length + j))), x.dtype)
}

/** X [batch, channels, …]; scale and bias [channels]. */
const instanceNormalization: Kernel = (call) => {
  const [x, scale, bias] = [0, 1, 2].map((i) => input(call, i))
  const inner = sizeOf(x.dims.slice(2))
  const channel = (i: number) => Math.floor(i / inner) % x.dims[1]
  return normalizeRuns(x, inner, floatAttribute(call.node, 'epsilon', 1e-5), (i) => scale.data[channel(i)], (i) => bias.data[channel(i)])
}

/** The same over groups of channels; scale and bias are [groups] in opset 18 and [channels] since 21. */
const groupNormalization: Kernel = (call) => {
  const [x, scale, bias] = [0, 1, 2].map((i) => input(call, i))
  const groups = intAttribute(call.node, 'num_groups', 1)
  const inner = sizeOf(x.dims.slice(2))
  const perGroup = x.dims[1] / groups
  const place = (i: number) => Math.floor((Math.floor(i / inner) % x.dims[1]) / (call.opset < 21 ? perGroup : 1))
  return normalizeRuns(x, inner * perGroup, floatAttribute(call.node, 'epsilon', 1e-5), (i) => scale.data[place(i)], (i) => bias.data[place(i)])
}

/** x / (bias + α/size · Σ squares of the channels from c − ⌊(size−1)/2⌋ to c + ⌈(size−1)/2⌉)^β */
const localResponse: Kernel = (call) => {
  const x = input(call, 0)
  const size = intAttribute(call.node, 'size', 1)
  const [alpha, beta, bias] = [floatAttribute(call.node, 'alpha', 1e-4), floatAttribute(call.node, 'beta', 0.75), floatAttribute(call.node, 'bias', 1)]
  return build(x.dims, x.dtype, (index) => {
    let squares = 0
    for (let channel = index[1] - Math.floor((size - 1) / 2); channel <= index[1] + Math.ceil((size - 1) / 2); channel++) {
      if (channel >= 0 && channel < x.dims[1]) squares += at(x, withAxis(index, 1, channel)) ** 2
    }
    return at(x, index) / (bias + (alpha / size) * squares) ** beta
  })
}

/** (x − mean) / (standard deviation + 1e-9), as the function body of the specification has it. */
const meanVarianceNormalization: Kernel = (call) => {
  const x = input(call, 0)
  const axes = new Set(intsAttribute(call.node, 'axes', [0, 2, 3]).map((axis) => normalAxis(axis, x.dims.length)))
  const groups = new Map<string, number[]>()
  const key = (index: readonly number[]) => index.filter((_, axis) => !axes.has(axis)).join()
  for (const index of indicesOf(x.dims)) groups.set(key(index), [...(groups.get(key(index)) ?? []), at(x, index)])
  return build(x.dims, x.dtype, (index) => {
    const group = groups.get(key(index)) ?? []
    return (at(x, index) - mean(group)) / (Math.sqrt(variance(group)) + 1e-9)
  })
}

/** x / ‖x‖, 0 where the norm is 0. */
const lpNormalization: Kernel = (call) => {
  const x = input(call, 0)
  const p = intAttribute(call.node, 'p', 2)
  return eachLine(x, normalAxis(intAttribute(call.node, 'axis', -1), x.dims.length), (values) => {
    const norm = p === 1 ? values.reduce((total, value) => total + Math.abs(value), 0) : Math.hypot(...values)
    return norm === 0 ? values : values.map((value) => value / norm)
  })
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
  RMSNormalization: rmsNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LRN: localResponse,
  MeanVarianceNormalization: meanVarianceNormalization,
  LpNormalization: lpNormalization,
}
