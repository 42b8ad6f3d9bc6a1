/** @file The sliding window that convolutions and pools share: sizes, strides, dilations and padding per spatial axis. */
import { intAttribute, intsAttribute, stringAttribute, type Node } from '../../src/graph/ir.js'

export type Windows = {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly padBegin: readonly number[]
  readonly padEnd: readonly number[]
  readonly output: readonly number[]
}

/** `spatial` are the sizes after batch and channels. */
export function windowsOf(node: Node, spatial: readonly number[], kernel: readonly number[]): Windows {
  const ones = spatial.map(() => 1)
  const strides = intsAttribute(node, 'strides', ones)
  const dilations = intsAttribute(node, 'dilations', ones)
  const extent = kernel.map((size, i) => (size - 1) * dilations[i] + 1)
  const [padBegin, padEnd] = paddingOf(node, spatial, extent, strides)
  const ceil = intAttribute(node, 'ceil_mode', 0) === 1
  const output = spatial.map((size, i) => {
    const steps = (size + padBegin[i] + padEnd[i] - extent[i]) / strides[i]
    if (!ceil) return Math.floor(steps) + 1
    // A last window that would start beyond the input and its left padding is dropped.
    return Math.ceil(steps) * strides[i] >= size + padBegin[i] ? Math.ceil(steps) : Math.ceil(steps) + 1
  })
  return { kernel, strides, dilations, padBegin, padEnd, output }
}

function paddingOf(node: Node, spatial: readonly number[], extent: readonly number[], strides: readonly number[]): [readonly number[], readonly number[]] {
  const zeros = spatial.map(() => 0)
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET')
  if (automatic === 'VALID') return [zeros, zeros]
  if (automatic === 'NOTSET') {
    const pads = intsAttribute(node, 'pads', [...zeros, ...zeros])
    return [pads.slice(0, spatial.length), pads.slice(spatial.length)]
  }
  const total = spatial.map((size, i) => Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + extent[i] - size))
  const smaller = total.map((pad) => Math.floor(pad / 2))
  const larger = total.map((pad) => Math.ceil(pad / 2))
  return automatic === 'SAME_UPPER' ? [smaller, larger] : [larger, smaller]
}

/** Where element `tap` of the window at `output` reads the input; may lie in the padding. */
export const readAt = (windows: Windows, output: readonly number[], tap: readonly number[]): number[] =>
  tap.map((offset, i) => output[i] * windows.strides[i] - windows.padBegin[i] + offset * windows.dilations[i])

export const isInside = (position: readonly number[], dims: readonly number[]): boolean => position.every((value, i) => value >= 0 && value < dims[i])
