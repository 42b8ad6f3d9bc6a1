/** @file Cases of operators on images. */
import { refTensor } from '../../reference/index.js'
import { fed, int64s, OPSETS, type CaseMaker, type CaseTable } from '../operator-case.js'

const depthToSpace: CaseMaker = (random) => {
  const block = random.integer(1, 3)
  const x = random.tensor([random.integer(1, 2), random.integer(1, 2) * block * block, random.integer(1, 3), random.integer(1, 3)])
  return { op: 'DepthToSpace', opset: random.pick(OPSETS), attributes: { blocksize: block, mode: random.pick([undefined, 'DCR', 'CRD']) }, inputs: [fed(x)] }
}

const spaceToDepth: CaseMaker = (random) => {
  const block = random.integer(1, 3)
  const x = random.tensor([random.integer(1, 2), random.integer(1, 2), random.integer(1, 2) * block, random.integer(1, 2) * block])
  return { op: 'SpaceToDepth', opset: random.pick(OPSETS), attributes: { blocksize: block }, inputs: [fed(x)] }
}

/** Indices as a MaxPool makes them: one place in each window. */
const maxUnpool = (withShape: boolean): CaseMaker => (random) => {
  const rank = random.integer(1, 3)
  const kernel = random.list(rank, () => random.integer(1, 2))
  const dims = [random.integer(1, 2), random.integer(1, 2), ...random.list(rank, () => random.integer(1, 3))]
  const space = kernel.map((size, i) => dims[i + 2] * size + (withShape ? random.integer(0, 1) : 0))
  const strides = [...dims.slice(2)].reverse().reduce<number[]>((all, size) => [size * all[0], ...all], [1]).slice(1)
  const places = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, flat) => {
    const map = Math.floor(flat / dims.slice(2).reduce((a, b) => a * b, 1))
    return kernel.reduce((place, size, i) => place * space[i] + (Math.floor(flat / strides[i]) % dims[i + 2]) * size + random.integer(0, size - 1), map)
  })
  return {
    op: 'MaxUnpool', opset: random.pick([9, 11, 18]), attributes: { kernel_shape: kernel, strides: kernel },
    inputs: [fed(random.tensor(dims)), fed(refTensor(dims, places, 'int64')), ...(withShape ? [int64s([...dims.slice(0, 2), ...space])] : [])],
  }
}

const col2Im = (ranks: readonly number[]): CaseMaker => (random) => {
  const rank = random.pick(ranks)
  const block = random.list(rank, () => random.integer(1, 3))
  const dilations = random.list(rank, () => random.integer(1, 2))
  const strides = random.list(rank, () => random.integer(1, 2))
  const pads = random.list(2 * rank, () => random.integer(0, 1))
  const image = block.map((size, i) => (size - 1) * dilations[i] + 1 + random.integer(0, rank === 3 ? 1 : 3))
  const windows = image.map((size, i) => Math.floor((size + pads[i] + pads[i + rank] - (block[i] - 1) * dilations[i] - 1) / strides[i]) + 1)
  const x = random.tensor([random.integer(1, 2), random.integer(1, 2) * block.reduce((a, b) => a * b, 1), windows.reduce((a, b) => a * b, 1)])
  return { op: 'Col2Im', opset: random.pick([18, 21]), attributes: { dilations, strides, pads }, inputs: [fed(x), int64s(image), int64s(block)] }
}

const centerCropPad: CaseMaker = (random) => {
  const dims = random.dims(1, 4)
  const axes = random.pick([null, random.axes(dims.length, 1)])
  const target = (axes ?? dims).map(() => random.integer(1, 5))
  return { op: 'CenterCropPad', opset: random.pick([18, 21]), attributes: { axes: axes?.map((axis) => (random.boolean() ? axis : axis - dims.length)) }, inputs: [fed(random.tensor(dims)), int64s(target)] }
}

export const images: CaseTable = {
  'DepthToSpace': depthToSpace,
  'SpaceToDepth': spaceToDepth,
  'MaxUnpool': maxUnpool(false),
  'MaxUnpool with output_shape': maxUnpool(true),
  'Col2Im': col2Im([2]),
  'CenterCropPad': centerCropPad,
}

/** ONNX Runtime mixes up the windows of these, not their gradients. */
export const imagesMixedUp: CaseTable = { 'Col2Im of vectors and volumes': col2Im([1, 3]) }
