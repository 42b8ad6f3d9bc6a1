/** @file Sizes and padding of what slides a window over an image. */
import type { Dim } from '../../../contracts/model.js'
import type { LayerCall } from '../layer-call.js'
import { Refusal } from '../refusal.js'
import { channelsFirst, type Attributes, type Order, type Value } from '../writer.js'

export type Padding = 'valid' | 'same' | 'causal'
export type Windows = { readonly kernel: readonly number[]; readonly strides: readonly number[]; readonly dilations: readonly number[]; readonly padding: Padding }

/** An image as ONNX wants it, batch and channels first. */
export type Image = { readonly name: string; readonly order: Order; readonly channels: Dim; readonly space: readonly Dim[]; readonly batch: Dim }

export function imageOf({ w }: LayerCall, x: Value, channelsLast: boolean): Image {
  const rank = x.dims.length
  const order = channelsLast ? channelsFirst(rank) : null
  return { name: w.stored(x, order), order, channels: x.dims[channelsLast ? rank - 1 : 1], space: channelsLast ? x.dims.slice(1, -1) : x.dims.slice(2), batch: x.dims[0] }
}

/** The dims of an image as the layer counts them. */
export const imageDims = ({ order, batch }: Image, channels: Dim, space: readonly Dim[]): Dim[] => (order === null ? [batch, channels, ...space] : [batch, ...space, channels])

export function outputSpace(space: readonly Dim[], { kernel, strides, dilations, padding }: Windows): Dim[] {
  return space.map((size, i) => {
    if (typeof size !== 'number') return null
    const result = Math.ceil((padding === 'valid' ? size - reach(kernel[i], dilations[i]) + 1 : size) / strides[i])
    if (result < 1) throw new Refusal(`its window of ${reach(kernel[i], dilations[i])} does not fit into ${size}`, 'shape')
    return result
  })
}

/** Attributes `pads` or `auto_pad`. TensorFlow adds the odd row at the end. */
export function padAttributes(space: readonly Dim[], { kernel, strides, dilations, padding }: Windows): Attributes {
  if (padding === 'valid') return {}
  refuseNarrow({ kernel, strides, dilations, padding }, space)
  if (padding === 'causal') return { pads: [...kernel.map((size, i) => reach(size, dilations[i]) - 1), ...kernel.map(() => 0)] }
  const totals = space.map((size, i) => {
    const window = reach(kernel[i], dilations[i])
    if (strides[i] === 1) return window - 1
    return typeof size === 'number' ? Math.max((Math.ceil(size / strides[i]) - 1) * strides[i] + window - size, 0) : null
  })
  if (!totals.every((total) => total !== null)) return { auto_pad: 'SAME_UPPER' }
  return { pads: [...totals.map((total) => Math.floor(total / 2)), ...totals.map((total) => Math.ceil(total / 2))] }
}

/** In three dimensions TensorFlow.js calculates with negative padding where TensorFlow, one of its backends, calculates with none. */
export function refuseNarrow({ kernel, strides, dilations, padding }: Windows, space: readonly Dim[]): void {
  if (padding !== 'same' || space.length !== 3) return
  const isNarrow = space.some((size, i) => {
    const window = reach(kernel[i], dilations[i])
    return window < strides[i] && (typeof size !== 'number' || (Math.ceil(size / strides[i]) - 1) * strides[i] + window < size)
  })
  if (isNarrow) throw new Refusal('its window is narrower than its stride, which the backends of TensorFlow.js pad differently in three dimensions')
}

const reach = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1
