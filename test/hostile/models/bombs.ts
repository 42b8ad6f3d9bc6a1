/** @file Small files that ask for large amounts of memory or time. */
import { create } from '@bufbuild/protobuf'
import { SparseTensorProtoSchema, type GraphProto, type NodeProto } from '../../../src/graph/onnx-proto.js'
import { bool, file, floats, functionOf, graph, INT64, int64s, intoY, node, tensor, value } from './onnx-files.js'

/** Nodes that make a size out of x, which only a run knows: 10 to the power of `digits`, as a number, a scalar and a shape. */
const SIZE_FROM_DATA: readonly NodeProto[] = [
  node('ReduceMax', ['x'], 'most', { keepdims: 0 }), node('Mul', ['most', 'zero'], 'nothing'), node('Add', ['nothing', 'digits'], 'exponent'), node('Pow', ['ten', 'exponent'], 'real size'),
  node('Cast', ['real size'], 'size', { to: INT64 }), node('Reshape', ['size', 'one'], 'shape'),
]
const sizeConstants = (digits: number) => [floats('zero', [0], []), floats('ten', [10], []), floats('digits', [digits], []), int64s('one', [1])]

const constantly = (nodes: NodeProto[], sizes: Readonly<Record<string, readonly (number | bigint)[]>>) => file(graph([...nodes, ...intoY('big')], { initializer: [floats('f', [1, 1]), ...Object.entries(sizes).map(([name, values]) => int64s(name, values))] }))
const fromData = (nodes: NodeProto[], digits = 11) => file(graph([...SIZE_FROM_DATA, ...nodes, ...intoY('big')], { initializer: [...sizeConstants(digits), floats('scalar', [1], []), floats('f', [1, 1]), int64s('none', []), floats('values', [0, 1])] }))

/** Too large for any machine, whatever a run does: pre-flight knows it. */
export const KNOWN_SIZES: Readonly<Record<string, () => Uint8Array>> = {
  'ConstantOfShape of 2^40': () => constantly([node('ConstantOfShape', ['s'], 'big')], { s: [2 ** 20, 2 ** 20] }),
  'ConstantOfShape within the limit on one tensor': () => constantly([node('ConstantOfShape', ['s'], 'big')], { s: [2 ** 31] }),
  'Expand': () => constantly([node('Expand', ['f', 's'], 'big')], { s: [2 ** 35, 2] }),
  'Tile': () => constantly([node('Tile', ['f', 's'], 'big')], { s: [2 ** 35] }),
  'Range': () => file(graph([node('Range', ['a', 'b', 'c'], 'whole'), node('Cast', ['whole'], 'big', { to: 1 }), ...intoY('big')], { initializer: [int64s('a', [0], []), int64s('b', [2 ** 36], []), int64s('c', [1], [])] })),
  'OneHot': () => file(graph([node('OneHot', ['i', 'depth', 'v'], 'big'), ...intoY('big')], { initializer: [int64s('i', [1, 2]), int64s('depth', [2 ** 36], []), floats('v', [0, 1])] })),
  'Resize': () => constantly([node('Reshape', ['f', 'four'], 'image'), node('Resize', ['image', '', '', 's'], 'big')], { four: [1, 1, 1, 2], s: [1, 1, 2 ** 20, 2 ** 20] }),
  'Pad': () => constantly([node('Pad', ['f', 's'], 'big')], { s: [2 ** 40, 0] }),
  'Gather of a constant list': () => constantly([node('ConstantOfShape', ['s'], 'indices', { value: tensor('', [1], { dataType: INT64, int64Data: [0n] }) }), node('Gather', ['f', 'indices'], 'big')], { s: [2 ** 36] }),
  'an outer product': () => constantly([node('ConstantOfShape', ['s'], 'column'), node('Transpose', ['column'], 'row', { perm: [1, 0] }), node('MatMul', ['column', 'row'], 'big')], { s: [2 ** 20, 1] }),
  '34 doublings by Concat': () => constantly(Array.from({ length: 34 }, (_, i) => node('Concat', i === 0 ? ['f', 'f'] : [`v${i - 1}`, `v${i - 1}`], i === 33 ? 'big' : `v${i}`, { axis: 0 })), {}),
  '40 doublings within a function': () => file(graph([node('bomb', ['x'], 'y', {}, { domain: 'own' })]), {
    functions: [functionOf('bomb', ['in'], ['out'], [...Array.from({ length: 40 }, (_, i) => node('Concat', i === 0 ? ['in', 'in'] : [`v${i - 1}`, `v${i - 1}`], `v${i}`, { axis: 1 })), node('ReduceMax', ['v39'], 'out')])],
  }),
  'a sparse constant': () => file(graph([node('Constant', [], 'big', { sparse_value: { type: 11, sparseTensor: create(SparseTensorProtoSchema, { dims: [2n ** 40n], values: floats('v', [1]), indices: int64s('', [0]) }) } }), ...intoY('big')])),
  'Scan over a long axis': () => constantly([node('ConstantOfShape', ['s'], 'long'), node('Scan', ['long'], 'big', { body: scanBody(), num_scan_inputs: 1 })], { s: [2 ** 36] }),
}

const scanBody = (): GraphProto => graph([node('Identity', ['item'], 'same')], { input: [value('item', [])], output: [value('same', [])] })

/** Only a run knows the size: a memory limit has to end it. */
export const SIZES_FROM_DATA: Readonly<Record<string, () => Uint8Array>> = {
  'ConstantOfShape': () => fromData([node('ConstantOfShape', ['shape'], 'big')]),
  'Expand': () => fromData([node('Expand', ['scalar', 'shape'], 'big')]),
  'Tile': () => fromData([node('Tile', ['f', 'shape'], 'big')]),
  'Range': () => fromData([node('Range', ['zero', 'real size', 'scalar'], 'big')]),
  'OneHot': () => fromData([node('OneHot', ['one', 'size', 'values'], 'big')]),
  'Pad': () => fromData([node('Mul', ['shape', 'one'], 'after'), node('Concat', ['one', 'after'], 'pads', { axis: 0 }), node('Pad', ['f', 'pads'], 'big')]),
}

const LOOP_TYPES = { input: [value('i', [], INT64), value('go', [], 9), value('v', null)], output: [value('again', [], 9), value('w', null)] }
const loopBody = (nodes: NodeProto[]): GraphProto => graph([node('Identity', ['go'], 'again'), ...nodes], LOOP_TYPES)
const loopOf = (nodes: NodeProto[], trips: number | bigint = 2n ** 62n) => file(graph([node('Loop', ['trips', 'true', 'x'], 'y', { body: loopBody(nodes) })], { initializer: [int64s('trips', [trips], []), bool('true', true)] }))

/** Loops within loops, `depth` deep, each of `trips` turns. */
export function nestedLoops(depth: number, trips: number): Uint8Array {
  const inside = (level: number): NodeProto[] => {
    if (level === depth) return [node('Relu', [`v${level}`], `w${level}`)]
    const body = graph([node('Identity', [`go${level + 1}`], `again${level + 1}`), ...inside(level + 1)], {
      input: [value(`i${level + 1}`, [], INT64), value(`go${level + 1}`, [], 9), value(`v${level + 1}`, null)], output: [value(`again${level + 1}`, [], 9), value(`w${level + 1}`, null)],
    })
    return [node('Loop', ['trips', 'true', `v${level}`], `w${level}`, { body })]
  }
  return file(graph([node('Identity', ['x'], 'v0'), ...inside(0), node('Identity', ['w0'], 'y')], { initializer: [int64s('trips', [trips], []), bool('true', true)] }))
}

/** A deadline or a memory limit has to end what these do when they run. */
export const ENDLESS: Readonly<Record<string, () => Uint8Array>> = {
  'a loop without end': () => loopOf([node('Relu', ['v'], 'w')]),
  'loops within loops': () => nestedLoops(4, 100_000),
  'a loop that grows': () => loopOf([node('Concat', ['v', 'v'], 'w', { axis: 1 })]),
  'a product that takes for ever': () => loopOf([node('Constant', [], 'size', { value: int64s('', [4096, 4096]) }), node('ConstantOfShape', ['size'], 'zeros'), node('ReduceMax', ['v'], 'most', { keepdims: 0 }), node('Add', ['zeros', 'most'], 'square'), node('MatMul', ['square', 'square'], 'product'), node('ReduceMax', ['product'], 'm', { keepdims: 0 }), node('Mul', ['v', 'm'], 'w')]),
}

/** Runtimes fold constants while they open a file: no row of data is needed to keep them busy. */
export const BURNING_AT_LOAD: Readonly<Record<string, () => Uint8Array>> = {
  'a chain of constant products': () => constantly([node('ConstantOfShape', ['s'], 'p0', { value: floats('', [0.5]) }), ...Array.from({ length: 200 }, (_, i) => node('MatMul', [`p${i}`, `p${i}`], i === 199 ? 'big' : `p${i + 1}`))], { s: [4096, 4096] }),
  'large constants one after the other': () => constantly([...Array.from({ length: 300 }, (_, i) => [node('ConstantOfShape', ['s'], `c${i}`, { value: floats('', [i]) }), node('CumSum', [`c${i}`, 'axis'], `d${i}`), node('ReduceSum', [`d${i}`], `r${i}`, { keepdims: 0 })]).flat(), node('Sum', Array.from({ length: 300 }, (_, i) => `r${i}`), 'big')], { s: [2 ** 27], axis: [0] }),
}
