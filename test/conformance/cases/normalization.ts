/** @file Cases of normalizations. */
import { float } from '../../../src/graph/index.js'
import { fed, OPSETS, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'

const epsilonOf = (random: Random) => random.pick([undefined, float(0.1)])

/** Scale and bias have the shape of the normalized axes, or broadcast to it. */
const layerNormalization = (outputs: number): CaseMaker => (random) => {
  const dims = random.dims(1, 4)
  const axis = random.axis(dims.length)
  const inner = dims.slice(axis)
  return {
    op: 'LayerNormalization',
    opset: 17,
    attributes: { axis, epsilon: float(0.1) },
    inputs: [fed(random.tensor(dims)), parameter(random.tensor(inner)), ...(random.boolean() ? [parameter(random.tensor(inner))] : [])],
    outputs,
  }
}

const groupNormalization = (opset: number): CaseMaker => (random) => {
  const [groups, each] = [random.integer(1, 3), random.integer(1, 2)]
  const affine = () => parameter(random.tensor([opset < 21 ? groups : groups * each]))
  return { op: 'GroupNormalization', opset, attributes: { num_groups: groups, epsilon: float(0.1) }, inputs: [fed(random.tensor([random.integer(1, 2), groups * each, ...random.dims(1, 3)])), affine(), affine()] }
}

export const normalization: CaseTable = {
  'LayerNormalization': layerNormalization(1),
  'LayerNormalization with its statistics': layerNormalization(3),
  'RMSNormalization': (random) => {
    const dims = random.dims(1, 4)
    const axis = random.axis(dims.length)
    return { op: 'RMSNormalization', opset: 23, attributes: { axis, epsilon: epsilonOf(random) }, inputs: [fed(random.tensor(dims)), parameter(random.tensor(dims.slice(axis)))] }
  },
  'InstanceNormalization': (random) => {
    const channels = random.integer(1, 3)
    return { op: 'InstanceNormalization', opset: random.pick(OPSETS), attributes: { epsilon: float(0.1) }, inputs: [fed(random.tensor([random.integer(1, 2), channels, ...random.dims(1, 3)])), parameter(random.tensor([channels])), parameter(random.tensor([channels]))] }
  },
  'GroupNormalization by group': groupNormalization(18),
  'GroupNormalization by channel': groupNormalization(21),
  'BatchNormalization of the batch': (random) => {
    const dims = random.dims(2, 4)
    const perChannel = () => parameter(random.tensor([dims[1]]))
    return {
      op: 'BatchNormalization',
      opset: random.pick([14, 15]),
      attributes: { training_mode: 1, epsilon: float(0.1), momentum: random.pick([undefined, float(0.25)]) },
      inputs: [fed(random.tensor(dims)), perChannel(), perChannel(), perChannel(), perChannel()],
      outputs: 3,
    }
  },
  'LRN': (random) => ({
    op: 'LRN',
    opset: random.pick(OPSETS),
    attributes: { size: random.pick([1, 3, 5]), alpha: float(0.5), beta: random.pick([undefined, float(0.5), float(1)]), bias: random.pick([undefined, float(2)]) },
    inputs: [fed(random.tensor([random.integer(1, 2), random.integer(1, 5), random.integer(1, 3), random.integer(1, 3)]))],
  }),
  'MeanVarianceNormalization': (random) => {
    const axes = random.pick([undefined, [0, 2], [1, 2, 3], [2, 3], [0, 1, 2, 3], [-1, -2]])
    return { op: 'MeanVarianceNormalization', opset: 13, attributes: { axes }, inputs: [fed(random.tensor(random.list(4, () => random.integer(2, 3))))] }
  },
  'LpNormalization': (random) => {
    const dims = random.dims(1, 4)
    return { op: 'LpNormalization', opset: random.pick([...OPSETS, 22]), attributes: { axis: random.axis(dims.length), p: random.pick([undefined, 1, 2]) }, inputs: [fed(random.awayFromZero(dims))] }
  },
}
