/** @file Graphs that are well-formed and do not mean what they say: only the runtime finds out. */
import { create } from '@bufbuild/protobuf'
import { OperatorSetIdProtoSchema } from '../../../src/graph/onnx-proto.js'
import { bytesOf, file, floats, graph, int64s, node, tensor, value } from './onnx-files.js'

const ML = { domain: 'ai.onnx.ml' }
const MICROSOFT = { domain: 'com.microsoft' }
const reals = (...values: readonly number[]) => ({ type: 6, floats: [...values] })
const BIG = 2n ** 62n
const quantized = (scale: readonly number[], point: readonly number[], dims: readonly number[] = [scale.length]) =>
  file(graph([node('DequantizeLinear', ['w', 'scale', 'point'], 'd', { axis: 0 }), node('Add', ['x', 'd'], 'y')], { initializer: [tensor('w', [2], { dataType: 3, int32Data: [1, 2] }), floats('scale', scale, dims), tensor('point', dims, { dataType: 3, int32Data: [...point] })] }))
const svm = (changed: Readonly<Record<string, Parameters<typeof node>[3] extends Readonly<Record<string, infer Given>> | undefined ? Given : never>>) =>
  file(graph([node('SVMClassifier', ['x'], ['label', 'scores'], {
    classlabels_ints: [0, 1], coefficients: reals(1, -1), kernel_params: reals(1, 0, 3), kernel_type: 'RBF', post_transform: 'NONE', rho: reals(0), support_vectors: reals(1, 1, 0, 0), vectors_per_class: [1, 1], ...changed,
  }, ML)], { output: [value('label', ['N'], 7), value('scores', ['N', 2])] }))
const linear = (coefficients: readonly number[], labels: readonly number[] = [0, 1]) =>
  file(graph([node('LinearClassifier', ['x'], ['label', 'scores'], { coefficients: reals(...coefficients), intercepts: reals(0, 0), classlabels_ints: labels, post_transform: 'NONE' }, ML)], { output: [value('label', ['N'], 7), value('scores', ['N', 2])] }))

export const LIES: Readonly<Record<string, () => Uint8Array>> = {
  'an IR version of the far future': () => file(graph([node('Relu', ['x'], 'y')]), { irVersion: 999n }),
  'a negative IR version': () => file(graph([node('Relu', ['x'], 'y')]), { irVersion: -1n }),
  'an operator set of the far future': () => file(graph([node('Relu', ['x'], 'y')]), { opsetImport: [create(OperatorSetIdProtoSchema, { version: 9999n })] }),
  'a negative operator set': () => file(graph([node('Relu', ['x'], 'y')]), { opsetImport: [create(OperatorSetIdProtoSchema, { version: -9n })] }),
  'an operator that does not exist': () => file(graph([node('Explode', ['x'], 'y')])),
  'a reshape to 2^62': () => file(graph([node('Reshape', ['x', 's'], 'y')], { initializer: [int64s('s', [BIG, 2])] })),
  'a reshape to −7': () => file(graph([node('Reshape', ['x', 's'], 'y')], { initializer: [int64s('s', [-7, 2])] })),
  'a slice beyond all bounds': () => file(graph([node('Slice', ['x', 'a', 'b', 'axes', 'steps'], 's'), node('ReduceMax', ['s'], 'm', { keepdims: 0 }), node('Add', ['x', 'm'], 'y')], { initializer: [int64s('a', [-(2n ** 63n)]), int64s('b', [2n ** 63n - 1n]), int64s('axes', [9]), int64s('steps', [0])] })),
  'a gather beyond the end': () => file(graph([node('Gather', ['x', 'i'], 'g', { axis: 1 }), node('Add', ['x', 'g'], 'y')], { initializer: [int64s('i', [1_000_000])] })),
  'a gather of −2^63': () => file(graph([node('Gather', ['x', 'i'], 'g', { axis: 1 }), node('Add', ['x', 'g'], 'y')], { initializer: [int64s('i', [-(2n ** 63n)])] })),
  'a scatter beyond the end': () => file(graph([node('ScatterElements', ['x', 'i', 'u'], 'y', { axis: 1 })], { initializer: [int64s('i', [1_000_000], [1, 1]), floats('u', [1], [1, 1])] })),
  'a split that does not add up': () => file(graph([node('Split', ['x', 's'], ['a', 'y'], { axis: 1 })], { initializer: [int64s('s', [5, -3])] })),
  'a top of more than there are': () => file(graph([node('TopK', ['x', 'k'], ['y', 'i'])], { initializer: [int64s('k', [2n ** 40n])] })),
  'a transpose by axes that are not there': () => file(graph([node('Transpose', ['x'], 'y', { perm: [5, -9] })])),
  'a convolution with a stride of zero': () => file(graph([node('Reshape', ['x', 's'], 'i'), node('Conv', ['i', 'w'], 'y', { strides: [0, 0] })], { initializer: [int64s('s', [1, 1, 1, 2]), floats('w', [1], [1, 1, 1, 1])] })),
  'a convolution of −1 groups': () => file(graph([node('Reshape', ['x', 's'], 'i'), node('Conv', ['i', 'w'], 'y', { group: -1 })], { initializer: [int64s('s', [1, 1, 1, 2]), floats('w', [1], [1, 1, 1, 1])] })),
  'pooling with negative padding': () => file(graph([node('Reshape', ['x', 's'], 'i'), node('MaxPool', ['i'], 'y', { kernel_shape: [1, 1], pads: [-5, -5, -5, -5] })], { initializer: [int64s('s', [1, 1, 1, 2])] })),
  'more scales than rows': () => quantized([1, 1, 1], [0, 0, 0]),
  'scales of another rank': () => quantized([1, 1, 1, 1], [0, 0, 0, 0], [2, 2]),
  'no scale at all': () => quantized([], []),
  'fewer coefficients than classes': () => linear([1]),
  'more class labels than coefficients': () => linear([1, -1, -1, 1], [0, 1, 2, 3, 4, 5, 6, 7]),
  'no coefficients': () => linear([]),
  'support vectors that are missing': () => svm({ vectors_per_class: [1000, 1000] }),
  'a negative number of support vectors': () => svm({ vectors_per_class: [-5, 7] }),
  'fewer coefficients than support vectors': () => svm({ coefficients: reals(1) }),
  'no kernel parameters': () => svm({ kernel_params: reals() }),
  'a text vectorizer whose lists lie': () => file(graph([node('Cast', ['x'], 'i', { to: 7 }), node('TfIdfVectorizer', ['i'], 'y', { min_gram_length: 1, max_gram_length: 5, max_skip_count: 9, mode: 'TF', ngram_counts: [0, 900], ngram_indexes: [1_000_000, -4], pool_int64s: [1, 2] })])),
  'a feature extractor beyond the end': () => file(graph([node('ArrayFeatureExtractor', ['x', 'i'], 'g', {}, ML), node('Add', ['x', 'g'], 'y')], { initializer: [int64s('i', [1_000_000])] })),
  'a map of more classes than columns': () => file(graph([node('ZipMap', ['x'], 'z', { classlabels_strings: { type: 8, strings: Array.from({ length: 100_000 }, (_, i) => bytesOf(`${i}`)) } }, ML), node('Relu', ['x'], 'y')])),
  'four-bit weights that are too few': () => file(graph([node('MatMulNBits', ['x', 'b', 's'], 'y', { K: 4096, N: 2, bits: 4, block_size: 32 }, MICROSOFT)], { initializer: [tensor('b', [1, 1, 1], { dataType: 2, int32Data: [1] }), floats('s', [1])] })),
  'an embedding beyond the end': () => file(graph([node('Cast', ['x'], 'i', { to: 6 }), node('EmbedLayerNormalization', ['i', '', 'w', 'w', '', 'g', 'g'], ['y'], {}, MICROSOFT)], { initializer: [floats('w', [1, 2], [1, 2]), floats('g', [1, 1])] })),
}
