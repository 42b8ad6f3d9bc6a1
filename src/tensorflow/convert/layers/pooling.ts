/** @file Pooling, in windows and over everything. */
import { floatValue, type LayerCall, type LayerConverter, type LayerTable } from '../layer-call.js'
import { imageDims, imageOf, outputSpace, padAttributes } from './windows.js'
import { sameOrder, storedAxis } from '../writer.js'

/** Averages leave the padding out. */
const windowed = (opType: 'MaxPool' | 'AveragePool', space: number): LayerConverter => (c) => {
  const kernel = c.config.sizes('pool_size', space, 2)
  const windows = { kernel, strides: c.config.sizes('strides', space, kernel), dilations: kernel.map(() => 1), padding: c.config.choice('padding', ['valid', 'same'], 'valid') } as const
  const image = imageOf(c, c.ofRank(space + 2), space === 1 || c.config.channelsLast())
  const name = c.w.add(opType, [image.name], { kernel_shape: kernel, strides: windows.strides, ...padAttributes(image.space, windows) })
  return [floatValue(name, imageDims(image, image.channels, outputSpace(image.space, windows)), image.order)]
}

const overall = (opType: 'Max' | 'Average', space: number): LayerConverter => (c: LayerCall) => {
  const x = c.ofRank(space + 2)
  const last = space === 1 || c.config.channelsLast()
  const dims = [x.dims[0], x.dims[last ? space + 1 : 1]]
  const image = [0, last ? space + 1 : 1, ...Array.from({ length: space }, (_, i) => i + (last ? 1 : 2))]
  if (sameOrder(x.order, image, space + 2)) return [floatValue(c.w.add('Flatten', [c.w.add(`Global${opType}Pool`, [x.name])], { axis: 1 }), dims)]
  const axes = image.slice(2).map((axis) => storedAxis(x, axis))
  const name = c.w.add(opType === 'Max' ? 'ReduceMax' : 'ReduceMean', [x.name, c.w.integers(axes)], { keepdims: 0 })
  return [floatValue(name, dims, storedAxis(x, 0) < storedAxis(x, image[1]) ? null : [1, 0])]
}

export const pooling: LayerTable = {
  MaxPooling1D: windowed('MaxPool', 1), MaxPooling2D: windowed('MaxPool', 2), MaxPooling3D: windowed('MaxPool', 3),
  AveragePooling1D: windowed('AveragePool', 1), AveragePooling2D: windowed('AveragePool', 2), AveragePooling3D: windowed('AveragePool', 3),
  GlobalMaxPooling1D: overall('Max', 1), GlobalMaxPooling2D: overall('Max', 2),
  GlobalAveragePooling1D: overall('Average', 1), GlobalAveragePooling2D: overall('Average', 2),
}
