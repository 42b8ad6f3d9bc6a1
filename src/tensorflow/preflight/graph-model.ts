/** @file The GraphDef of a GraphModel: which operations it holds, and how it hangs together. */
import { ProbityError } from '../../contracts/errors.js'
import { overLimit, type PreflightLimits } from '../../graph/index.js'
import { findCircle } from './circles.js'
import { checkName } from './manifest.js'
import { OPERATIONS } from './operations.js'

type Json = Readonly<Record<string, unknown>>
type Node = { readonly name: string; readonly op: string; readonly inputs: readonly string[]; readonly attributes: Json }

/** @throws ProbityError `tensorflow/operation`, `tensorflow/malformed`, or `preflight/<limit>` */
export function checkGraphModel(topology: Json, limits: PreflightLimits): void {
  const nodes = nodesOf(topology['node'])
  const functions = new Map(functionsOf(topology['library']).map(({ name, nodes: inside }) => [name, inside]))
  let count = 0
  for (const body of [nodes, ...functions.values()]) {
    count += body.length
    if (count > limits.maxNodes) overLimit('maxNodes', `The model has ${count} nodes or more`, limits)
    for (const node of body) checkNode(node, functions, limits)
    checkOrder(body)
  }
  checkRecursion(functions)
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])

function nodesOf(value: unknown): Node[] {
  return listOf(value).map((node): Node => {
    if (!isObject(node) || typeof node['name'] !== 'string' || typeof node['op'] !== 'string') throw malformed('a node lacks its name or its operation')
    const inputs = listOf(node['input'])
    if (!inputs.every((input) => typeof input === 'string')) throw malformed(`an input of the node "${node['name']}" is not a name`)
    return { name: node['name'], op: node['op'], inputs, attributes: isObject(node['attr']) ? node['attr'] : {} }
  })
}

function functionsOf(library: unknown): { readonly name: string; readonly nodes: readonly Node[] }[] {
  return listOf(isObject(library) ? library['function'] : []).map((definition) => {
    const signature = isObject(definition) ? definition['signature'] : null
    if (!isObject(definition) || !isObject(signature) || typeof signature['name'] !== 'string') throw malformed('a function has no name')
    return { name: signature['name'], nodes: nodesOf(definition['nodeDef'] ?? definition['node_def']) }
  })
}

function checkNode({ name, op, attributes }: Node, functions: ReadonlyMap<string, unknown>, limits: PreflightLimits): void {
  checkName(name, limits)
  checkName(op, limits)
  if (!OPERATIONS.has(op) && !functions.has(op)) {
    throw new ProbityError('tensorflow/operation', `The model holds the operation ${op} in its node "${name}", which is not among those that only calculate. Export the model without it, or convert it to ONNX.`)
  }
  for (const attribute of Object.values(attributes)) {
    const tensor = isObject(attribute) ? attribute['tensor'] : null
    const shape = isObject(tensor) ? (tensor['tensorShape'] ?? tensor['tensor_shape']) : null
    if (!isObject(shape)) continue
    const dims = listOf(shape['dim']).map((dim) => Number(isObject(dim) ? dim['size'] : Number.NaN))
    const elements = dims.reduce((product, size) => product * size, 1)
    if (!(elements >= 0 && elements <= limits.maxElements)) overLimit('maxElements', `The constant "${name}" of shape [${dims.join(', ')}] has ${elements} elements`, limits)
  }
}

/** Only a loop's NextIteration may hand a value back. */
function checkOrder(nodes: readonly Node[]): void {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  if (byName.size < nodes.length) throw malformed('two nodes have the same name')
  const before = new Map(nodes.map((node) => [node.name, node.op === 'NextIteration' ? [] : node.inputs.map((input) => input.replace(/^\^/, '').split(':')[0])]))
  const circle = findCircle(before)
  if (circle !== null) throw malformed(`the node "${circle}" needs its own result`)
}

function checkRecursion(functions: ReadonlyMap<string, readonly Node[]>): void {
  const calls = new Map([...functions].map(([name, nodes]) => [name, nodes.flatMap(({ op, attributes }) => [op, ...Object.values(attributes).flatMap(calledBy)])]))
  const circle = findCircle(calls)
  if (circle !== null) throw new ProbityError('preflight/function-cycle', `The function "${circle}" calls itself. Export the model again.`)
}

function calledBy(attribute: unknown): string[] {
  if (!isObject(attribute)) return []
  const { func, list } = attribute
  const named = isObject(func) && typeof func['name'] === 'string' ? [func['name']] : []
  return [...named, ...listOf(isObject(list) ? list['func'] : []).flatMap((inner) => (isObject(inner) && typeof inner['name'] === 'string' ? [inner['name']] : []))]
}

const malformed = (why: string): ProbityError => new ProbityError('tensorflow/malformed', `This is not a GraphModel of TensorFlow.js: ${why}. Convert the model again with tensorflowjs_converter.`)
