/**
 * Mutates graphs and differentiates them. Each must end in a gradient that ONNX Runtime opens (or whose forward pass it does not run either), or in a
 * ProbityError: no other exception, no input over the time limit.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { differentiate } from '../dist/src/autodiff/index.js'
import { ProbityError } from '../dist/src/contracts/errors.js'
import { inferShapes, inlineFunctions, readModel, writeModel } from '../dist/src/graph/index.js'
import { OPERATOR_TABLE } from '../dist/src/graph/check/operator-table.js'
import { isFloat } from '../dist/src/tensor/dtypes.js'
import { randomStream } from '../dist/src/tensor/random.js'

/** Of one gradient; the slowest unchanged graph takes about a tenth. */
const LIMIT_MS = 10_000
/** ONNX Runtime makes one operator of a Gelu written with tanh although the gradient of a value inside reads what it drops; without its fusions the file opens. */
const FUSION_FAULT = /is not a graph input, initializer, or output of a previous node/
const LOSSES = [undefined, 'cross-entropy', 'margin', 'dlr', 'mse', 'binary-cross-entropy']
const fixtures = fileURLToPath(new URL('../test/fixtures/', import.meta.url))
const files = (folder, ending) => readdirSync(join(fixtures, folder)).filter((name) => name.endsWith(ending)).map((name) => readFileSync(join(fixtures, folder, name)))

function seeds() {
  const scikitLearn = Object.values(JSON.parse(readFileSync(join(fixtures, 'scikit-learn/models.json'), 'utf8')))
  const all = [...files('models', '.onnx'), ...files('models/breadth', '.onnx'), ...scikitLearn.map(({ model }) => Buffer.from(model, 'base64')), ...files('architectures', '.onnx.gz').map((bytes) => gunzipSync(bytes)).filter(({ length }) => length < 2 ** 20)]
  return all.map((bytes) => inlineFunctions(readModel(bytes)))
}

/** @returns how many inputs failed */
export async function fuzzGradients(runs, seed) {
  const random = randomStream(seed, 'fuzz/gradients')
  const models = seeds()
  let [failures, refused, opened, fused] = [0, 0, 0, 0]
  for (let run = 0; run < runs; run++) {
    let draw = 0
    const pick = (n) => Math.floor(random(run, draw++) * n)
    const one = (list) => list[pick(list.length)]
    const base = one(models)
    let graph = base.graph
    const changes = []
    for (let edits = 1 + pick(3); edits > 0 && graph.nodes.length > 0; edits--) {
      const [name, change] = one(Object.entries(MUTATIONS))
      graph = change(graph, { pick, one }) || graph
      changes.push(name)
    }
    const started = performance.now()
    let problem = null
    const options = optionsFor(base.graph, { pick, one })
    try {
      const made = differentiate(graph, options)
      const took = performance.now() - started
      if (took > LIMIT_MS) problem = `took ${Math.round(took)} ms`
      const complaint = await complaintOf(base, made)
      if (complaint === null) opened++
      else if (FUSION_FAULT.test(complaint) && (await complaintOf(base, made, { graphOptimizationLevel: 'basic' })) === null) fused++
      else if ((await complaintOf(base, graph, { run: true })) === null) problem = `ONNX Runtime runs the model and does not open its gradient: ${complaint}`
    } catch (error) {
      if (error instanceof ProbityError && !error.message.includes('\n')) refused++
      else problem = error.stack
    }
    if (problem === null) continue
    failures++
    const kept = join(tmpdir(), `probity-fuzz-gradient-${seed}-${run}.onnx`)
    writeFileSync(kept, writeModel({ ...base, irVersion: 10, graph }))
    console.log(`gradients, run ${run} (${changes.join(', ')}; ${JSON.stringify(options)}): ${problem} (graph kept at ${kept})`)
  }
  console.log(`gradients: ${runs} graphs, ${opened} gradients opened, ${refused} refused, ${fused} that ONNX Runtime's own fusion broke, ${failures} failures`)
  return failures
}

/** What ONNX Runtime says against a graph; null where it opens it, and runs it if that is asked for. */
async function complaintOf(model, graph, { run = false, graphOptimizationLevel = 'all' } = {}) {
  try {
    const session = await InferenceSession.create(writeModel({ ...model, irVersion: 10, functions: [], graph }), { intraOpNumThreads: 1, logSeverityLevel: 4, graphOptimizationLevel })
    if (run) await session.run(Object.fromEntries(graph.inputs.map(({ name, type }) => [name, zeros(type)])))
    await session.release()
    return null
  } catch (error) {
    return error.message
  }
}

const STORAGE = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array, int32: Int32Array, bool: Uint8Array }

function zeros({ dtype, dims }) {
  const sizes = (dims ?? [2, 3]).map((dim) => (typeof dim === 'number' ? dim : 2))
  return new Tensor(dtype, new STORAGE[dtype](sizes.reduce((a, b) => a * b, 1)), sizes)
}

function optionsFor(graph, { pick, one }) {
  const known = inferShapes(graph)
  const isNumber = ({ type }) => type?.kind === 'tensor' && isFloat(type.dtype)
  const outputs = known.outputs.filter(isNumber)
  const inputs = known.inputs.filter(isNumber)
  const inner = [...known.valueInfo.values()].filter(isNumber)
  const output = outputs.length > 0 && pick(4) > 0 ? one(outputs) : one([...outputs, ...inner])
  const withRespectTo = inputs.length > 0 && pick(3) > 0 ? inputs.map(({ name }) => name) : [one([...inputs, ...inner])?.name ?? '']
  return { objective: { output: output?.name ?? '', loss: one(LOSSES), on: one(['logits', 'probabilities']) }, withRespectTo, memory: one(['normal', 'normal', 'low']) }
}

const replaceNode = (graph, node, by) => ({ ...graph, nodes: graph.nodes.flatMap((other) => (other === node ? by : [other])) })
const namesOf = (graph) => [...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs)]
const withAttribute = (graph, node, name, attribute) => replaceNode(graph, node, [{ ...node, attributes: attribute === null ? new Map([...node.attributes].filter(([other]) => other !== name)) : new Map([...node.attributes, [name, attribute]]) }])
const edited = (list, at, value) => list.map((other, i) => (i === at ? value : other))
const retyped = (graph, change, { one }) => {
  const known = inferShapes(graph)
  const info = one([...known.valueInfo.values()].filter(({ type }) => type?.kind === 'tensor'))
  return info && { ...graph, valueInfo: new Map([...graph.valueInfo, [info.name, { ...info, type: change(info.type) }]]) }
}
const changedAttribute = (attribute, { pick }) => {
  const delta = [-3, -1, 1, 2, 7][pick(5)]
  if (attribute.type === 'int') return { ...attribute, value: attribute.value + BigInt(delta) }
  if (attribute.type === 'float') return { ...attribute, value: [0, -1, NaN, Infinity, attribute.value * 2][pick(5)] }
  if (attribute.type === 'ints') return { ...attribute, value: pick(2) === 0 ? attribute.value.slice(1) : attribute.value.map((value, i) => (i === 0 ? value + BigInt(delta) : value)) }
  if (attribute.type === 'floats') return { ...attribute, value: attribute.value.slice(1) }
  return attribute.type === 'string' ? { ...attribute, value: new Uint8Array(Buffer.from('other')) } : attribute
}

const MUTATIONS = {
  'drop a node': (graph, { one }) => replaceNode(graph, one(graph.nodes), []),
  'bypass a node': (graph, { one }) => {
    const node = one(graph.nodes)
    return replaceNode(graph, node, [{ ...node, opType: 'Identity', domain: '', inputs: node.inputs.slice(0, 1), outputs: node.outputs.slice(0, 1), attributes: new Map() }])
  },
  'swap inputs': (graph, { one }) => {
    const node = one(graph.nodes)
    return replaceNode(graph, node, [{ ...node, inputs: [...node.inputs].reverse() }])
  },
  'read another value': (graph, { one, pick }) => {
    const node = one(graph.nodes)
    return replaceNode(graph, node, [{ ...node, inputs: edited(node.inputs, pick(node.inputs.length), one(namesOf(graph))) }])
  },
  'take an input away': (graph, { one, pick }) => {
    const node = one(graph.nodes)
    return replaceNode(graph, node, [{ ...node, inputs: pick(2) === 0 ? node.inputs.slice(0, -1) : edited(node.inputs, pick(node.inputs.length), '') }])
  },
  'give an input more': (graph, { one }) => {
    const node = one(graph.nodes)
    return replaceNode(graph, node, [{ ...node, inputs: [...node.inputs, one(namesOf(graph))] }])
  },
  'change an attribute': (graph, { one, pick }) => {
    const node = one(graph.nodes.filter(({ attributes }) => attributes.size > 0))
    if (!node) return graph
    const [name, attribute] = one([...node.attributes])
    return withAttribute(graph, node, name, changedAttribute(attribute, { pick }))
  },
  'drop an attribute': (graph, { one }) => {
    const node = one(graph.nodes.filter(({ attributes }) => attributes.size > 0))
    return node && withAttribute(graph, node, one([...node.attributes.keys()]), null)
  },
  'another type of attribute': (graph, { one }) => {
    const node = one(graph.nodes.filter(({ attributes }) => attributes.size > 0))
    return node && withAttribute(graph, node, one([...node.attributes.keys()]), one([{ type: 'int', value: 1n }, { type: 'ints', value: [1n] }, { type: 'float', value: 1 }, { type: 'string', value: new Uint8Array(1) }]))
  },
  'another operator': (graph, { one }) => {
    const node = one(graph.nodes)
    return replaceNode(graph, node, [{ ...node, opType: one(OPERATOR_TABLE)[0].split(':').at(-1) }])
  },
  'no value infos': (graph) => ({ ...graph, valueInfo: new Map() }),
  'rename an output of a node': (graph, { one }) => {
    const node = one(graph.nodes)
    return replaceNode(graph, node, [{ ...node, outputs: node.outputs.map((name) => `${name}/renamed`) }])
  },
  'no node names': (graph) => ({ ...graph, nodes: graph.nodes.map((node) => ({ ...node, name: '' })) }),
  'another stated type': (graph, tools) => retyped(graph, (type) => ({ ...type, dtype: tools.one(['float64', 'int64', 'float16', 'bool', 'string']) }), tools),
  'another stated size': (graph, tools) => retyped(graph, (type) => ({ ...type, dims: type.dims && edited(type.dims, tools.pick(type.dims.length), tools.one([0, 1, 5, 'n', null])) }), tools),
  'another stated rank': (graph, tools) => retyped(graph, (type) => ({ ...type, dims: tools.one([null, [], [3], [2, 3], [1, 2, 3, 4, 5]]) }), tools),
  'another size of an input': (graph, { one, pick }) => ({ ...graph, inputs: graph.inputs.map((info) => (info.type?.kind === 'tensor' ? { ...info, type: { ...info.type, dims: info.type.dims && edited(info.type.dims, pick(info.type.dims.length), one([1, 4, 'n', null])) } } : info)) }),
  'an input of unknown rank': (graph) => ({ ...graph, inputs: graph.inputs.map((info) => (info.type?.kind === 'tensor' ? { ...info, type: { ...info.type, dims: null } } : info)) }),
  'a constant of another shape': (graph, { one }) => {
    const [name, tensor] = one([...graph.initializers]) ?? []
    return name !== undefined && { ...graph, initializers: new Map([...graph.initializers, [name, { ...tensor, dims: one([[...tensor.dims].reverse(), [1, ...tensor.dims], [tensor.dims.reduce((a, b) => a * b, 1)]]) }]]) }
  },
  'other integers in a constant': (graph, { one, pick }) => {
    const entry = one([...graph.initializers].filter(([, tensor]) => tensor.dtype === 'int64' && 'data' in tensor))
    if (!entry) return graph
    const delta = BigInt([-4, -1, 1, 3, 1000][pick(5)])
    return { ...graph, initializers: new Map([...graph.initializers, [entry[0], { ...entry[1], data: entry[1].data.map((value) => value + delta) }]]) }
  },
  'a constant that may be overridden': (graph, { one }) => ({ ...graph, overridable: [...new Set([...graph.overridable, ...graph.initializers.size > 0 ? [one([...graph.initializers.keys()])] : []])] }),
  'another version of the operators': (graph, { one }) => ({ ...graph, opsets: new Map([...graph.opsets, ['', one([7, 9, 11, 13, 18, 20, 23])]]) }),
  'another output': (graph, { one }) => ({ ...graph, outputs: [...graph.outputs, { name: one(namesOf(graph)), type: null }] }),
}
