/** @file The nodes of a GraphModel, as model.json writes them. */
import { ProbityError } from '../../contracts/errors.js'
import type { Dim } from '../../contracts/model.js'
import type { DType } from '../../contracts/tensor.js'
import type { ModelJson } from '../../tensorflow/index.js'
import type { Signature } from '../batch.js'

export type GraphNode = { readonly name: string; readonly op: string; /** Without control inputs. */ readonly inputs: readonly string[]; readonly attributes: Readonly<Record<string, unknown>> }

/** An input or output: the name that the signature gives it, and the node behind it. */
export type GraphPort = Signature & { readonly node: string }

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `name:1` → the node and which of its outputs; `name:0` is its first. */
export function splitName(name: string): { node: string; index: number } {
  const at = name.lastIndexOf(':')
  return at < 0 || !/^\d+$/.test(name.slice(at + 1)) ? { node: name, index: 0 } : { node: name.slice(0, at), index: Number(name.slice(at + 1)) }
}

export function readNodes({ topology }: ModelJson): Map<string, GraphNode> {
  const list = topology['node']
  if (!Array.isArray(list)) throw new ProbityError('tensorflow/malformed', 'The GraphModel has no list of nodes. Convert the model again.')
  const nodes = new Map<string, GraphNode>()
  for (const node of list as unknown[]) {
    if (!isRecord(node) || typeof node['name'] !== 'string' || typeof node['op'] !== 'string') throw new ProbityError('tensorflow/malformed', 'A node of the GraphModel has no name or no operator. Convert the model again.')
    const inputs = Array.isArray(node['input']) ? node['input'].filter((input): input is string => typeof input === 'string' && !input.startsWith('^')) : []
    nodes.set(node['name'], { name: node['name'], op: node['op'], inputs, attributes: isRecord(node['attr']) ? node['attr'] : {} })
  }
  return nodes
}

/** From the signature; without one, placeholders are inputs, and outputs what nothing reads. */
export function readPorts(model: ModelJson, nodes: ReadonlyMap<string, GraphNode>): { inputs: GraphPort[]; outputs: GraphPort[] } {
  const signature = model.signature ?? (isRecord(model.userDefinedMetadata?.['signature']) ? model.userDefinedMetadata['signature'] : null)
  const stated = (side: 'inputs' | 'outputs') => (isRecord(signature?.[side]) ? Object.entries(signature[side]).map(([name, info]) => portOf(name, info, nodes)) : [])
  const [inputs, outputs] = [stated('inputs'), stated('outputs')]
  const read = new Set([...nodes.values()].flatMap(({ inputs: names }) => names.map((name) => splitName(name).node)))
  return {
    inputs: inputs.length > 0 ? inputs : [...nodes.values()].filter(({ op }) => op.startsWith('Placeholder')).map((node) => ({ name: node.name, node: node.name, dtype: nodeDType(node), dims: dimsOf(node.attributes['shape']) })),
    outputs: outputs.length > 0 ? outputs : [...nodes.values()].filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp').map((node) => ({ name: node.name, node: node.name, dtype: nodeDType(node), dims: null })),
  }
}

function portOf(name: string, info: unknown, nodes: ReadonlyMap<string, GraphNode>): GraphPort {
  const node = isRecord(info) && typeof info['name'] === 'string' ? info['name'].replace(/:0$/, '') : name
  if (!nodes.has(splitName(node).node)) throw new ProbityError('tensorflow/malformed', `The signature of the GraphModel names the node ${node} for ${name}, and there is none. Convert the model again.`)
  const { dtype, tensorShape } = info as { dtype?: unknown; tensorShape?: unknown }
  return { name, node, dtype: dtypeOf(dtype), dims: dimsOf({ shape: tensorShape }) }
}

const nodeDType = ({ attributes }: GraphNode): DType => {
  const attribute = attributes['dtype'] ?? attributes['T']
  return dtypeOf(isRecord(attribute) ? attribute['type'] : undefined)
}

/** Names, or numbers of TensorFlow's enumeration. Wider integers are 32 bits wide in TensorFlow.js. */
function dtypeOf(type: unknown): DType {
  if (type === 'DT_INT32' || type === 3 || type === 'DT_INT64' || type === 9 || type === 'DT_UINT8' || type === 4) return 'int32'
  if (type === 'DT_BOOL' || type === 10) return 'bool'
  return type === 'DT_STRING' || type === 7 ? 'string' : 'float32'
}

function dimsOf(attribute: unknown): readonly Dim[] | null {
  const shape = isRecord(attribute) ? attribute['shape'] : undefined
  if (!isRecord(shape) || shape['unknownRank'] === true) return null
  const dim = shape['dim']
  return Array.isArray(dim) ? dim.map((one: unknown) => (isRecord(one) && Number(one['size']) >= 0 ? Number(one['size']) : null)) : []
}
