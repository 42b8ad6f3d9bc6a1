/** @file Files that decoders could choke on, and graphs that mean nothing. */
import { create, toBinary } from '@bufbuild/protobuf'
import { AttributeProtoSchema, OperatorSetIdProtoSchema, SparseTensorProtoSchema, TrainingInfoProtoSchema, TypeProtoSchema, TypeProto_SequenceSchema, ModelProtoSchema, type NodeProto, type TypeProto } from '../../../src/graph/onnx-proto.js'
import { bytesOf, field, file, floats, functionOf, graph, INT64, int64s, node, STRING, tensor, value, varint } from './onnx-files.js'

const honest = file(graph([node('Relu', ['x'], 'y')]))
const relus = (count: number): NodeProto[] => Array.from({ length: count }, (_, i) => node('Relu', [i === 0 ? 'x' : `v${i - 1}`], i === count - 1 ? 'y' : `v${i}`))
const sequenceOf = (depth: number): TypeProto => (depth === 0 ? create(TypeProtoSchema, {}) : create(TypeProtoSchema, { value: { case: 'sequenceType', value: create(TypeProto_SequenceSchema, { elemType: sequenceOf(depth - 1) }) } }))
const ifs = (depth: number): NodeProto[] => (depth === 0 ? [node('Relu', ['x'], 'y')] : [node('If', ['c'], 'y', { then_branch: graph(ifs(depth - 1)), else_branch: graph(ifs(depth - 1)) })])
const withWeight = (weight: ReturnType<typeof tensor>) => file(graph([node('Add', ['x', 'w'], 'y')], { initializer: [weight] }))
const sparse = (dims: readonly number[], indices: readonly number[], count = 1) =>
  file(graph([node('Add', ['x', 'w'], 'y')], { sparseInitializer: [create(SparseTensorProtoSchema, { dims: dims.map(BigInt), values: floats('w', new Array<number>(count).fill(1)), indices: int64s('', indices) })] }))
const calls = (name: string, count: number) => Array.from({ length: count }, (_, i) => node(name, [i === 0 ? 'x' : `${name}${i - 1}`], i === count - 1 ? 'y' : `${name}${i}`, {}, { domain: 'own' }))
/** f0 calls f1 twice, and so on. */
const doubling = (levels: number) => Array.from({ length: levels + 1 }, (_, i) => functionOf(`f${i}`, ['x'], ['y'], i === levels ? relus(1) : calls(`f${i + 1}`, 2)))
const nestedFields = (depth: number): Uint8Array => {
  // Each level wraps a prefix around what is there, so the file is built from the inside out.
  const lengths: number[] = [0]
  for (let i = 0; i < depth; i++) lengths.push(lengths[i] + 1 + varint(lengths[i]).length)
  return Buffer.concat(lengths.slice(0, -1).reverse().map((length) => Buffer.from([0x3a, ...varint(length)])))
}
/** Tags of a field without a meaning, opened as groups and never closed. */
const groups = (depth: number): Uint8Array => Buffer.alloc(depth, (15 << 3) | 3)

/** Each with what the refusal has to say. */
export const STRUCTURE: Readonly<Record<string, readonly [make: () => Uint8Array, says: RegExp]>> = {
  'an empty file': [() => new Uint8Array(), /is empty/],
  'one byte': [() => Buffer.from([8]), /not an intact ONNX model/],
  'one zero byte': [() => Buffer.from([0]), /not an intact ONNX model/],
  'cut in the middle': [() => honest.subarray(0, honest.length >> 1), /not an intact ONNX model/],
  'cut before the last byte': [() => honest.subarray(0, honest.length - 1), /not an intact ONNX model/],
  'a megabyte of 0xff': [() => Buffer.alloc(2 ** 20, 255), /not an intact ONNX model/],
  'a megabyte of zeros': [() => Buffer.alloc(2 ** 20), /not an intact ONNX model/],
  'a number of eleven bytes': [() => Buffer.concat([honest, Buffer.from([0x28, ...new Array<number>(10).fill(255), 1])]), /a number that does not end/],
  'a length of 2^63': [() => Buffer.concat([honest, Buffer.from([0x32, ...varint(2n ** 63n)])]), /longer than what is left/],
  'a length of 2^32': [() => Buffer.concat([honest, Buffer.from([0x32, ...varint(2n ** 32n)])]), /longer than what is left/],
  '100,000 groups within each other': [() => Buffer.concat([honest, groups(100_000)]), /a group, which ONNX does not have/],
  'graphs within each other, 100,000 deep': [() => nestedFields(100_000), /no graph with nodes|not an intact|two graphs/],
  'types within each other, 300 deep': [() => file(graph(relus(1), { valueInfo: [{ ...value('v', [1]), type: sequenceOf(300) }] })), /the limit maxDepth is 16/],
  'two graphs': [() => Buffer.concat([honest, field(7, bytesOf(''))]), /two graphs/],
  'only metadata': [() => toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n })), /no graph with nodes/],
  'a million nodes': [() => file(graph(relus(1_000_000))), /the limit maxNodes is 200000/],
  'subgraphs 40 deep': [() => file(graph(ifs(5).concat([nestedOnce(40)]))), /the limit maxDepth is 16/],
  'loops within loops within loops': [() => loops(6), /the limit maxLoopDepth is 4/],
  'loops within loops by functions': [() => file(graph([node('f0', ['x'], 'y', {}, { domain: 'own' })]), { functions: Array.from({ length: 6 }, (_, i) => functionOf(`f${i}`, ['a'], ['b'], [i === 5 ? node('Relu', ['a'], 'b') : loopAround(node(`f${i + 1}`, ['v'], 'w', {}, { domain: 'own' }))])) }), /nests loops 5 deep with its functions expanded; the limit maxLoopDepth is 4/],
  'the operator named after its subgraph': [() => loops(6, true), /the limit maxLoopDepth is 4/],
  'a function that calls itself': [() => file(graph(calls('f', 1)), { functions: [functionOf('f', ['a'], ['b'], [node('f', ['a'], 'b', {}, { domain: 'own' })])] }), /The function f calls itself/],
  'functions that call each other': [() => file(graph(calls('f', 1)), { functions: [functionOf('f', ['a'], ['b'], [node('g', ['a'], 'b', {}, { domain: 'own' })]), functionOf('g', ['a'], ['b'], [node('f', ['a'], 'b', {}, { domain: 'own' })])] }), /calls itself/],
  'functions that double 40 times': [() => file(graph(calls('f0', 1)), { functions: doubling(40) }), /nodes with its functions expanded; the limit maxNodes is 200000/],
  'doubling hidden behind an overload': [() => file(graph(calls('f0', 1)), { functions: [...doubling(40), functionOf('f0', ['x'], ['y'], relus(1), { overload: 'small' })] }), /the limit maxNodes is 200000/],
  'a function twice': [() => file(graph(calls('f', 1)), { functions: [functionOf('f', ['x'], ['y'], relus(1)), functionOf('f', ['x'], ['y'], relus(2))] }), /The function "f" is defined twice/],
  '100,000 functions of three nodes': [() => file(graph(relus(1)), { functions: Array.from({ length: 100_000 }, (_, i) => functionOf(`f${i}`, ['x'], ['y'], relus(3))) }), /the limit maxNodes is 200000/],
  'training graphs within each other': [() => file(graph(relus(1)), { trainingInfo: [create(TrainingInfoProtoSchema, { algorithm: graph([nestedOnce(40)]) })] }), /the limit maxDepth is 16/],
  'an attribute of 40 million numbers': [() => field(7, field(1, field(5, field(8, Buffer.alloc(40_000_000, 1))))), /the limit maxListed is 33554432/],
  'a negative size': [() => withWeight(tensor('w', [-1])), /Tensor "w" has a negative size/],
  'sizes that overflow': [() => withWeight(tensor('w', [2n ** 62n, 4n])), /the limit maxElements/],
  'the largest int64 as a size': [() => withWeight(tensor('w', [2n ** 63n - 1n])), /negative size|maxElements/],
  'the smallest int64 as a size': [() => withWeight(tensor('w', [-(2n ** 63n)])), /negative size/],
  'a tensor of 40 dimensions': [() => withWeight(tensor('w', new Array<number>(40).fill(1))), /the limit maxRank is 16/],
  'an input of 40 dimensions': [() => file(graph(relus(1), { input: [value('x', new Array<number>(40).fill(1))] })), /the limit maxRank is 16/],
  'raw bytes too short': [() => withWeight(tensor('w', [2], { rawData: new Uint8Array(7) })), /"w" has shape \[2\], which needs 8 bytes, and the file has 7/],
  'raw bytes too long': [() => withWeight(tensor('w', [2], { rawData: new Uint8Array(9) })), /needs 8 bytes, and the file has 9/],
  'too few numbers': [() => withWeight(tensor('w', [2], { floatData: [1] })), /needs 2 stored values, and the file has 1/],
  'numbers of another type': [() => withWeight(tensor('w', [2], { int64Data: [1n, 2n] })), /needs 2 stored values, and the file has 0/],
  'raw bytes and numbers': [() => withWeight(tensor('w', [2], { rawData: new Uint8Array(8), floatData: [1, 2] })), /"w" gives its values twice/],
  'raw bytes of a text tensor': [() => withWeight(tensor('w', [1], { dataType: STRING, rawData: new Uint8Array(8) })), /"w" has shape \[1\], which needs 1 strings, and the file has 0/],
  'an unknown element type': [() => withWeight(tensor('w', [2], { dataType: 99, rawData: new Uint8Array(8) })), /element type 99, which is not supported/],
  'a sparse index beyond the end': [() => sparse([2], [2]), /an index lies outside the shape \[2\]/],
  'a negative sparse index': [() => sparse([2], [-1]), /an index lies outside/],
  'more sparse values than indices': [() => sparse([4], [1], 3), /3 values, and indices of shape \[1\]/],
  'a sparse tensor of 2^40 elements': [() => sparse([2 ** 40], [0]), /the limit maxElements/],
  'nodes in a circle': [() => file(graph([node('Add', ['x', 'b'], 'a'), node('Relu', ['a'], 'b'), node('Relu', ['b'], 'y')])), /cycle/],
  'a value that two nodes make': [() => file(graph([node('Relu', ['x'], 'y'), node('Exp', ['x'], 'y')])), /"y".* is defined twice/],
  'a value that nobody makes': [() => file(graph([node('Add', ['x', 'nowhere'], 'y')])), /reads "nowhere"/],
  'an output that nobody makes': [() => file(graph([node('Relu', ['x'], 'z')])), /Output "y" is made by no node/],
  'an initializer twice': [() => file(graph(relus(1), { initializer: [floats('w', [1]), floats('w', [2])] })), /"w" is defined twice/],
  'an operator of a foreign domain': [() => file(graph([node('Run', ['x'], 'y', {}, { domain: 'com.evil' })])), /Operator Run is of the domain "com\.evil"/],
  'operator sets that contradict each other': [() => file(graph(relus(1)), { opsetImport: [17n, 18n].map((version) => create(OperatorSetIdProtoSchema, { version })) }), /imports versions 17 and 18/],
  'no operator set': [() => file(graph(relus(1)), { opsetImport: [] }), /imports no operator set/],
  'an attribute twice': [() => file(graph([{ ...node('Relu', ['x'], 'y'), attribute: [1, 2].map((i) => create(AttributeProtoSchema, { name: 'a', type: 2, i: BigInt(i) })) }])), /attribute "a" that is unnamed or given twice/],
}

function nestedOnce(depth: number): NodeProto {
  return depth === 0 ? node('Relu', ['x'], 'y') : node('If', ['c'], 'y', { then_branch: graph([nestedOnce(depth - 1)]), else_branch: graph([node('Relu', ['x'], 'y')]) })
}

function loopAround(inner: NodeProto): NodeProto {
  const body = graph([node('Identity', ['go'], 'again'), inner], { input: [value('i', [], INT64), value('go', [], 9), value('v', null)], output: [value('again', [], 9), value('w', null)] })
  return node('Loop', ['', '', 'a'], 'b', { body })
}

/** Loops within each other; `backwards` writes each node's operator after its attributes. */
function loops(depth: number, backwards = false): Uint8Array {
  const inside = (level: number): Uint8Array => {
    if (level === depth) return Buffer.concat([field(1, bytesOf('v')), field(2, bytesOf('w')), field(4, bytesOf('Relu'))])
    const body = Buffer.concat([field(1, inside(level + 1)), field(2, bytesOf('body'))])
    const attribute = field(5, Buffer.concat([field(1, bytesOf('body')), field(6, body), Buffer.from([0xa0, 1, 5])]))
    const operator = field(4, bytesOf('Loop'))
    return Buffer.concat(backwards ? [attribute, operator] : [operator, attribute])
  }
  return Buffer.concat([Buffer.from([8, 8]), field(8, Buffer.from([16, 18])), field(7, field(1, inside(0)))])
}
