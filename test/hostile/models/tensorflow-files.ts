/** @file Hostile model.json files, and SavedModels written field by field. */
import { bytesOf, field, varint } from './onnx-files.js'

type Json = Record<string, unknown>
const json = (value: unknown): Uint8Array => bytesOf(JSON.stringify(value))
const dense = (config: Json = {}, inbound?: unknown) => ({ class_name: 'Dense', name: config['name'] ?? 'd', config: { name: 'd', units: 2, ...config }, ...(inbound !== undefined && { inbound_nodes: inbound }) })
const input = { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_input_shape: [null, 2] }, inbound_nodes: [] }
const KERNEL = { name: 'd/kernel', shape: [2, 2], dtype: 'float32' }
const WEIGHTS = [{ paths: ['w.bin'], weights: [KERNEL, { name: 'd/bias', shape: [2], dtype: 'float32' }] }]

export const sequential = (layers: readonly unknown[], more: Json = {}): Json => ({ format: 'layers-model', modelTopology: { model_config: { class_name: 'Sequential', config: { name: 's', layers } } }, weightsManifest: WEIGHTS, ...more })
const functional = (layers: readonly unknown[], output: unknown = ['d', 0, 0]): Json => ({ format: 'layers-model', modelTopology: { class_name: 'Model', config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [output] } }, weightsManifest: WEIGHTS })
const FIRST = { batch_input_shape: [null, 2] }
export const HONEST = sequential([dense(FIRST)])
const weighted = (weight: Json) => json(sequential([dense(FIRST)], { weightsManifest: [{ paths: ['w.bin'], weights: [{ ...KERNEL, ...weight }] }] }))
const graphModel = (node: readonly Json[], library: readonly Json[] = []): Uint8Array => json({ format: 'graph-model', modelTopology: { node, library: { function: library } }, weightsManifest: [] })
const op = (name: string, kind: string, inputs: readonly string[] = [], attr: Json = {}): Json => ({ name, op: kind, input: inputs, attr })
const definition = (name: string, ...nodeDef: readonly Json[]): Json => ({ signature: { name }, nodeDef })
const nestedModels = (depth: number): unknown => (depth === 0 ? dense(FIRST) : { class_name: 'Sequential', config: { name: `s${depth}`, layers: [nestedModels(depth - 1)] } })
const nestedLayers = (depth: number): unknown => (depth === 0 ? dense(FIRST) : { class_name: 'TimeDistributed', config: { name: `t${depth}`, layer: nestedLayers(depth - 1) } })

export const MODEL_JSON: Readonly<Record<string, readonly [make: () => Uint8Array, says: RegExp]>> = {
  'nothing': [() => new Uint8Array(), /not JSON/],
  'a pickle': [() => Buffer.from([0x80, 4, 0x95, 1, 2, 3]), /a Python pickle, not the model\.json/],
  'an HDF5 file': [() => Buffer.from('\x89HDF\r\n\x1a\n.........', 'latin1'), /an HDF5 file.*not the model\.json/],
  'an archive': [() => Buffer.from('PK\x03\x04................', 'latin1'), /a ZIP archive/],
  'half of a file': [() => json(HONEST).subarray(0, 90), /not JSON/],
  'bytes that are no text': [() => Buffer.concat([bytesOf('{"a": "'), Buffer.from([0xff, 0xfe]), bytesOf('"}')]), /not JSON/],
  'lists 100,000 deep': [() => bytesOf(`{"modelTopology": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`), /nests lists and objects 129 deep or more; the limit maxJsonDepth is 128/],
  'brackets within texts alone': [() => json(sequential([dense({ name: '['.repeat(4000) })], { weightsManifest: 'none' })), /weightsManifest must be array/],
  'a hundred megabytes': [() => bytesOf(`{"modelTopology": {"a": "${'x'.repeat(100_000_000)}"}}`), /the limit maxJsonBytes is 67108864/],
  'a topology that is a list': [() => json({ modelTopology: [], weightsManifest: [] }), /modelTopology must be object/],
  'no manifest': [() => json({ modelTopology: {} }), /must have required property 'weightsManifest'/],
  'an unknown format': [() => json({ ...HONEST, format: 'pickle' }), /its format is "pickle"/],
  'a prototype among the settings': [() => bytesOf(JSON.stringify(HONEST).replace('"units":2', '"units":2,"__proto__":{"units":9}')), /has a key "__proto__"/],
  'a class of somebody\'s own': [() => json(sequential([{ class_name: 'EvilLayer', config: { name: 'e' } }])), /"e" is of the class EvilLayer, which TensorFlow\.js does not have/],
  'a class that every object has': [() => json(sequential([{ class_name: 'constructor', config: { name: 'e' } }])), /of the class constructor/],
  'a Lambda': [() => json(sequential([{ class_name: 'Lambda', config: { name: 'l', function: 'gASV' } }])), /"l" is of the class Lambda, which is code/],
  'a Lambda within a wrapper': [() => json(sequential([{ class_name: 'TimeDistributed', config: { name: 't', layer: { class_name: 'Lambda', config: { name: 'l' } } } }])), /of the class Lambda, which is code/],
  'a cell of somebody\'s own': [() => json(sequential([{ class_name: 'RNN', config: { name: 'r', cell: { class_name: 'StackedRNNCells', config: { cells: [{ class_name: 'Mine', config: {} }] } } } }])), /of the class Mine/],
  'a million layers': [() => json(sequential(new Array<unknown>(1_000_000).fill({ class_name: 'ReLU', config: {} }))), /the limit maxNodes is 200000/],
  'models 30 deep': [() => json(sequential([nestedModels(30)])), /nests models 17 deep; the limit maxDepth is 16/],
  'layers 30 deep': [() => json(sequential([nestedLayers(30)])), /nests layers 17 deep; the limit maxDepth is 16/],
  'layers in a circle': [() => json(functional([input, dense({ name: 'a' }, [[['b', 0, 0, {}]]]), dense({ name: 'b' }, [[['a', 0, 0, {}]]]), dense({}, [[['a', 0, 0, {}]]])])), /the layer "[ab]" needs its own result/],
  'a layer that reads itself': [() => json(functional([input, dense({}, [[['d', 0, 0, {}]]])])), /the layer "d" needs its own result/],
  'a layer that reads nothing': [() => json(functional([input, dense({}, [[]])])), /"d" is called without inputs/],
  'a layer that reads what is not there': [() => json(functional([input, dense({}, [[['nowhere', 0, 0, {}]]])])), /"d" reads "nowhere", which no layer makes/],
  'a layer that reads a later call': [() => json(functional([input, dense({}, [[['x', 7, 0, {}]]])])), /"d" reads "x", which no layer makes before/],
  'two layers of one name': [() => json(functional([input, dense({}, [[['x', 0, 0, {}]]]), dense({}, [[['x', 0, 0, {}]]])])), /two layers are named "d"/],
  'a billion units': [() => json(sequential([dense({ ...FIRST, units: 1_000_000_000 })])), /the limit maxMemoryBytes is \d+/],
  'more weights than the file holds': [() => json(sequential([dense({ ...FIRST, units: 1_000_000 })])), /its layers make 3000000 weights, and the file holds 6/],
  'units below zero': [() => json(sequential([dense({ ...FIRST, units: -5 })])), /The units of the layer "d" \(Dense\) is -5, which is no size/],
  'half a unit': [() => json(sequential([dense({ ...FIRST, units: 0.5 })])), /is 0\.5, which is no size/],
  'units in words': [() => json(sequential([dense({ ...FIRST, units: 'many' })])), /is "many", which is no size/],
  'an infinite number of units': [() => bytesOf(JSON.stringify(sequential([dense({ ...FIRST, units: 777 })])).replace('777', '1e999')), /is null, which is no size/],
  'sizes that multiply to 2^60': [() => json(sequential([{ class_name: 'UpSampling2D', config: { name: 'u', size: [2 ** 30, 2 ** 30], batch_input_shape: [null, 1, 1, 1] } }])), /"u" makes 1152921504606847000 values of one row; the limit maxElements/],
  'repetition': [() => json(sequential([dense(FIRST), { class_name: 'RepeatVector', config: { name: 'r', n: 2 ** 30 } }])), /the limit (maxElements|maxMemoryBytes)/],
  'padding': [() => json(sequential([{ class_name: 'ZeroPadding2D', config: { name: 'z', padding: 2 ** 28, batch_input_shape: [null, 1, 1, 1] } }])), /the limit maxElements/],
  'an embedding of the world': [() => json(sequential([{ class_name: 'Embedding', config: { name: 'e', input_dim: 2 ** 31, output_dim: 2 ** 10, batch_input_shape: [null, 3] } }])), /the limit maxMemoryBytes/],
  'a million weights': [() => json(sequential([dense(FIRST)], { weightsManifest: [{ paths: ['w.bin'], weights: Array.from({ length: 300_000 }, (_, i) => ({ name: `${i}`, shape: [1], dtype: 'float32' })) }] })), /the limit maxInitializers is 200000/],
  'a million files': [() => json(sequential([dense(FIRST)], { weightsManifest: [{ paths: Array.from({ length: 1_000_000 }, (_, i) => `${i}`), weights: [] }] })), /the limit maxFiles is 10000/],
  'a file twice': [() => json(sequential([dense(FIRST)], { weightsManifest: [{ paths: ['w.bin', 'w.bin'], weights: [] }] })), /the file "w\.bin" is listed twice/],
  'a weight twice': [() => json(sequential([dense(FIRST)], { weightsManifest: [{ paths: ['w.bin'], weights: [KERNEL, KERNEL] }] })), /two weights are named "d\/kernel"/],
  'a negative size': [() => weighted({ shape: [-2, 2] }), /shape\/0 must be >= 0/],
  'a size of 2^60': [() => weighted({ shape: [2 ** 52, 256] }), /"d\/kernel" of shape .* the limit maxElements/],
  'forty dimensions': [() => weighted({ shape: new Array<number>(40).fill(1) }), /has 40 dimensions; the limit maxRank is 16/],
  'an unknown element type': [() => weighted({ dtype: 'float128' }), /dtype must be equal to one of the allowed values/],
  'a name of ten megabytes': [() => weighted({ name: 'n'.repeat(10 * 2 ** 20) }), /the limit maxNameBytes is 4096/],
  'a scale that is no number': [() => weighted({ quantization: { dtype: 'uint8', scale: null, min: 0 } }), /scale must be number/],
  'an infinite scale': [() => bytesOf(JSON.stringify(HONEST).replace('"shape":[2,2],', '"shape":[2,2],"quantization":{"dtype":"uint8","scale":1e999,"min":0},')), /scale must be number/],
  'no scale': [() => weighted({ quantization: { dtype: 'uint8' } }), /quantized without a scale above 0 and a minimum/],
  'a negative scale': [() => weighted({ quantization: { dtype: 'uint16', scale: -1, min: 0 } }), /quantized without a scale above 0/],
  'truth values, quantized': [() => weighted({ dtype: 'bool', quantization: { dtype: 'uint8', scale: 1, min: 0 } }), /is bool and quantized, which cannot be/],
  'an operation that reads files': [() => graphModel([op('x', 'Placeholder'), op('r', 'ReadFile', ['x'])]), /holds the operation ReadFile in its node "r"/],
  'an operation of nobody': [() => graphModel([op('x', 'Placeholder'), op('r', 'toString', ['x'])]), /the operation toString/],
  'an operation within a function': [() => graphModel([op('x', 'Placeholder'), op('f', 'PartitionedCall', ['x'], { f: { func: { name: 'inner' } } })], [definition('inner', op('p', 'PyFunc'))]), /the operation PyFunc/],
  'a constant of 2^60 elements': [() => graphModel([op('c', 'Const', [], { value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: `${2 ** 30}` }, { size: `${2 ** 30}` }] } } } })]), /The constant "c".*the limit maxElements/],
  'a constant of a negative size': [() => graphModel([op('c', 'Const', [], { value: { tensor: { tensorShape: { dim: [{ size: '-1' }] } } } })]), /The constant "c"/],
  'a function that calls itself': [() => graphModel([op('x', 'Placeholder')], [definition('f', op('g', 'StatefulPartitionedCall', [], { f: { func: { name: 'f' } } }))]), /The function "f" calls itself/],
  'functions that call each other': [() => graphModel([op('x', 'Placeholder')], [definition('f', op('g', 'g')), definition('g', op('w', 'While', [], { body: { func: { name: 'f' } } }))]), /The function "[fg]" calls itself/],
  'nodes in a circle': [() => graphModel([op('a', 'Relu', ['b']), op('b', 'Relu', ['a'])]), /the node "[ab]" needs its own result/],
  'two nodes of one name': [() => graphModel([op('a', 'Relu'), op('a', 'Relu')]), /two nodes have the same name/],
  'a million nodes': [() => graphModel(Array.from({ length: 300_000 }, (_, i) => op(`${i}`, 'Relu'))), /the limit maxNodes is 200000/],
}

// ---- SavedModels: field numbers of saved_model.proto and what it holds

const text = (number: number, content: string): Uint8Array => field(number, bytesOf(content))
const entry = (key: string, content: Uint8Array): Uint8Array => Buffer.concat([text(1, key), field(2, content)])
export const nodeDef = (name: string, kind: string, inputs: readonly string[] = [], attributes: Readonly<Record<string, Uint8Array>> = {}): Uint8Array =>
  Buffer.concat([text(1, name), text(2, kind), ...inputs.map((from) => text(3, from)), ...Object.entries(attributes).map(([key, content]) => field(5, entry(key, content)))])
const call = (name: string): Uint8Array => field(10, text(1, name))
const functionDef = (name: string, ...nodes: readonly Uint8Array[]): Uint8Array => Buffer.concat([field(1, text(1, name)), ...nodes.map((content) => field(3, content))])
const signature = (name: string, output: string): Uint8Array => entry(name, field(2, entry('y', text(1, output))))

type Parts = { readonly nodes: readonly Uint8Array[]; readonly functions?: readonly Uint8Array[]; readonly serve?: string; readonly restore?: string; readonly opening?: string }
export function savedModel({ nodes, functions = [], serve = 'y:0', restore, opening }: Parts): Uint8Array {
  const graph = Buffer.concat([...nodes.map((content) => field(1, content)), field(2, Buffer.concat(functions.map((content) => field(1, content))))])
  const meta = Buffer.concat([
    field(2, graph), ...(restore === undefined ? [] : [field(3, Buffer.concat([text(1, 'name:0'), text(2, 'save:0'), text(3, restore)]))]), field(5, signature('serving_default', serve)),
    ...(opening === undefined ? [] : [field(4, entry('saved_model_main_op', field(1, text(1, opening))))]),
  ])
  return Buffer.concat([Buffer.from([8, 1]), field(2, meta)])
}

const constantOf = (size: number | bigint): Uint8Array => field(8, Buffer.concat([Buffer.from([8, 1]), field(2, field(2, Buffer.from([8, ...varint(size)])))]))
const X = nodeDef('x', 'Placeholder')
const [SAVE, RESTORE] = [nodeDef('save', 'SaveV2'), nodeDef('restore', 'RestoreV2')]
export const HONEST_SAVED_MODEL = savedModel({ nodes: [X, nodeDef('y', 'Relu', ['x']), SAVE, nodeDef('set', 'AssignVariableOp', ['restore']), RESTORE], restore: 'set' })

export const SAVED_MODELS: Readonly<Record<string, readonly [make: () => Uint8Array, says: RegExp]>> = {
  'nothing': [() => new Uint8Array(), /it is empty/],
  'noise': [() => Buffer.alloc(1000, 255), /not an intact/],
  'an ONNX model': [() => field(7, field(1, nodeDef('a', 'Relu'))), /no graph with nodes/],
  'a pickle': [() => Buffer.from([0x80, 4, 0x95, 1, 2, 3]), /a Python pickle/],
  ...Object.fromEntries(['ReadFile', 'WriteFile', 'PyFunc', 'EagerPyFunc', 'PyFuncStateless', 'MatchingFiles', 'LoadLibrary', 'TFRecordDataset', 'TextLineDatasetV2', 'InitializeTableFromTextFileV2', 'SaveDatasetV2', 'PrintV2', 'DebugIdentityV2', 'FixedLengthRecordReaderV2', 'WholeFileReaderV2', 'RemoteCall', 'ImmutableConst', 'WriteSummary', 'TPUExecute', 'constructor'].map((kind) =>
    [`the operation ${kind}`, [() => savedModel({ nodes: [X, nodeDef('y', kind, ['x'])] }), new RegExp(`executes the operation ${kind} in its node "y"`)] as const])),
  'one within a function': [() => savedModel({ nodes: [X, nodeDef('y', 'StatefulPartitionedCall', ['x'], { f: call('f') })], functions: [functionDef('f', nodeDef('w', 'WriteFile'))] }), /WriteFile/],
  'one that nothing reads': [() => savedModel({ nodes: [X, nodeDef('y', 'Relu', ['x']), nodeDef('z', 'WriteFile')] }), /WriteFile/],
  'one by control alone': [() => savedModel({ nodes: [X, nodeDef('y', 'Relu', ['x', '^z']), nodeDef('z', 'SaveV2')] }), /SaveV2 in its node "z"/],
  'saving while predicting': [() => savedModel({ nodes: [X, nodeDef('y', 'PartitionedCall', ['x'], { f: call('f') })], functions: [functionDef('f', SAVE)] }), /SaveV2/],
  'saving while opening': [() => savedModel({ nodes: [X, nodeDef('y', 'Relu', ['x']), SAVE], opening: 'save' }), /SaveV2/],
  'saving while restoring': [() => savedModel({ nodes: [X, nodeDef('y', 'Relu', ['x']), nodeDef('set', 'AssignVariableOp', ['restore', '^save']), RESTORE, SAVE], restore: 'set' }), /SaveV2/],
  'reading checkpoints while predicting': [() => savedModel({ nodes: [X, nodeDef('y', 'RestoreV2', ['x'])] }), /RestoreV2/],
  'a constant of 2^40 elements from one': [() => savedModel({ nodes: [X, nodeDef('y', 'Const', [], { value: constantOf(2 ** 40) })] }), /The constant "y".*the limit maxElements/],
  'a constant of a negative size': [() => savedModel({ nodes: [X, nodeDef('y', 'Const', [], { value: constantOf(-1n) })] }), /the limit maxElements/],
  'a function that calls itself': [() => savedModel({ nodes: [X, nodeDef('y', 'f', ['x'])], functions: [functionDef('f', nodeDef('g', 'PartitionedCall', [], { f: call('f') }))] }), /The function "f" calls itself/],
  'two nodes of one name': [() => savedModel({ nodes: [X, X] }), /two nodes are named "x"/],
  'a million nodes': [() => savedModel({ nodes: Array.from({ length: 300_000 }, (_, i) => nodeDef(`${i}`, 'Relu')) }), /the limit maxNodes is 200000/],
}
