/** @file Names that are more than letters, as names of everything that a model can name. */
import { create } from '@bufbuild/protobuf'
import { OperatorSetIdProtoSchema } from '../../../src/graph/onnx-proto.js'
import { bytesOf, file, floats, functionOf, graph, metadata, node, value } from './onnx-files.js'

export const NAMES: readonly (readonly [what: string, name: string])[] = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((name) => [name, name] as const),
  ['a NUL', 'a\0b'], ['terminal colours', '\u001b[31mred\u001b[0m'], ['a reversed reading order', 'safe\u202etxt.exe'], ['line breaks', 'one\nprobity: all is well\r\ntwo'],
  ['HTML', '<script>alert(1)</script>'], ['a template', '{{{constructor}}}'], ['a path', '../../etc/passwd'], ['a lone surrogate', 'a\ud800b'], ['a name without ink', '\u200b'],
]

/** A model that works, with one name for its input or its output, and for its nodes, function, domain, metadata and batch size. */
export function namedEverywhere(name: string, end: 'input' | 'output'): Uint8Array {
  const [input, output] = end === 'input' ? [name, 'y'] : ['x', name]
  const call = node('inner', [input, `${name} weight`], `${name} hidden`, {}, { domain: name, name })
  return file(graph([call, node('Softmax', [`${name} hidden`], output, { axis: 1 }, { name: `${name} too` })], {
    name, input: [value(input, [name, 2])], output: [value(output, [name, 2])], initializer: [floats(`${name} weight`, [1, 2])],
  }), {
    functions: [functionOf('inner', [name, 'w'], ['out'], [node('Mul', [name, 'w'], 'out')], { domain: name, opsetImport: [create(OperatorSetIdProtoSchema, { version: 18n })] })],
    opsetImport: [create(OperatorSetIdProtoSchema, { version: 18n }), create(OperatorSetIdProtoSchema, { domain: name, version: 1n })],
    metadataProps: metadata({ [name]: name, 'probity.training': name }), producerName: name, domain: name,
  })
}

/** A classifier whose classes bear the name. */
export const namedClasses = (name: string): Uint8Array =>
  file(graph([node('LinearClassifier', ['x'], ['label', 'scores'], { coefficients: { type: 6, floats: [1, -1, -1, 1] }, intercepts: { type: 6, floats: [0, 0] }, classlabels_strings: { type: 8, strings: [bytesOf(name), bytesOf('other')] }, post_transform: 'SOFTMAX' }, { domain: 'ai.onnx.ml' }), node('ZipMap', ['scores'], 'map', { classlabels_strings: { type: 8, strings: [bytesOf(name), bytesOf('other')] } }, { domain: 'ai.onnx.ml' })], { output: [value('label', ['N'], 8), value('scores', ['N', 2])] }))

export const LONG_NAMES: Readonly<Record<string, () => Uint8Array>> = {
  'a value of ten megabytes': () => file(graph([node('Relu', ['x'], 'v'.repeat(10 * 2 ** 20)), node('Relu', ['v'.repeat(10 * 2 ** 20)], 'y')])),
  'an operator of ten megabytes': () => file(graph([node('O'.repeat(10 * 2 ** 20), ['x'], 'y')])),
  'an input of ten megabytes': () => file(graph([node('Relu', ['x'], 'y')], { input: [value('x'.repeat(10 * 2 ** 20), ['N', 2])] })),
  'a batch size of ten megabytes': () => file(graph([node('Relu', ['x'], 'y')], { input: [value('x', ['N'.repeat(10 * 2 ** 20), 2])] })),
  'a metadata key of ten megabytes': () => file(graph([node('Relu', ['x'], 'y')]), { metadataProps: metadata({ ['k'.repeat(10 * 2 ** 20)]: '' }) }),
  'a domain of ten megabytes': () => file(graph([node('Relu', ['x'], 'y', {}, { domain: 'd'.repeat(10 * 2 ** 20) })])),
}
