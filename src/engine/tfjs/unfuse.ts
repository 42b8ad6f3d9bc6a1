/**
 * @file Takes apart what TensorFlow's converter fuses into one node and TensorFlow.js' backends cannot run: a matrix product or convolution with a tanh,
 * a bias of several axes. A sigmoid is taken apart too, so that the logits before it have a name.
 */
import type { ModelJson } from '../../tensorflow/index.js'

type JsonNode = { readonly name: string; readonly op: string; readonly input?: readonly string[]; readonly attr?: Readonly<Record<string, unknown>> }
type Graph = { readonly node?: unknown; readonly library?: { readonly function?: unknown } }

/** The same network; nodes keep their names, and what was before an activation is called `name/logits`. */
export function unfuse(model: ModelJson): ModelJson {
  const { node, library } = model.topology as Graph
  const vectors = new Set(listOf(node).filter(isVector).map(({ name }) => name))
  const functions = Array.isArray(library?.function) ? (library.function as unknown[]).map(withNodes) : null
  return { ...model, topology: { ...model.topology, node: unfused(listOf(node), vectors), ...(functions && { library: { ...library, function: functions } }) } }
}

const listOf = (nodes: unknown): readonly JsonNode[] => (Array.isArray(nodes) ? (nodes as JsonNode[]) : [])

function withNodes(body: unknown): unknown {
  const { nodeDef } = body as { nodeDef?: unknown }
  return Array.isArray(nodeDef) ? { ...(body as object), nodeDef: unfused(nodeDef as JsonNode[], new Set()) } : body
}

function unfused(nodes: readonly JsonNode[], vectors: ReadonlySet<string>): JsonNode[] {
  const taken = new Set(nodes.map(({ name }) => name))
  const fresh = (name: string): string => {
    let free = name
    while (taken.has(free)) free += '_'
    taken.add(free)
    return free
  }
  return nodes.flatMap((node) => {
    if (node.op !== '_FusedMatMul' && node.op !== '_FusedConv2D') return [node]
    const [first, ...others] = fusedOps(node)
    const activation = others.length === 1 && /^(Tanh|Sigmoid)$/.test(others[0]) ? others[0] : null
    const inner = activation === null ? node : { ...node, name: fresh(`${node.name}/logits`), attr: { ...node.attr, fused_ops: stringList([first]) } }
    const outer = activation === null ? [] : [plain(node, activation, node.name, [inner.name])]
    return [...withPlainBias(inner, vectors, fresh), ...outer]
  })
}

/** A product with a bias that is no vector: of all backends only TensorFlow itself takes it. */
function withPlainBias(node: JsonNode, vectors: ReadonlySet<string>, fresh: (name: string) => string): JsonNode[] {
  const [a, b, bias] = node.input ?? []
  const ops = fusedOps(node)
  if (node.op !== '_FusedMatMul' || ops.length !== 1 || ops[0] !== 'BiasAdd' || bias === undefined || vectors.has(bias)) return [node]
  const { transpose_a, transpose_b, T } = node.attr ?? {}
  const product = fresh(`${node.name}/product`)
  return [{ name: product, op: 'MatMul', input: [a, b], attr: { ...(transpose_a !== undefined && { transpose_a }), ...(transpose_b !== undefined && { transpose_b }), T } }, plain(node, 'AddV2', node.name, [product, bias])]
}

const plain = ({ attr }: JsonNode, op: string, name: string, input: readonly string[]): JsonNode => ({ name, op, input, attr: { T: attr?.['T'] } })

/** A constant with one axis. */
function isVector({ op, attr }: JsonNode): boolean {
  const value = attr?.['value'] as { tensor?: { tensorShape?: { dim?: unknown } } } | undefined
  const dim = value?.tensor?.tensorShape?.dim
  return op === 'Const' && Array.isArray(dim) && dim.length === 1
}

/** Lists of text are base64 in JSON. */
function fusedOps({ attr }: JsonNode): string[] {
  const list = (attr?.['fused_ops'] as { list?: { s?: unknown } } | undefined)?.list?.s
  return Array.isArray(list) ? list.map((text) => Buffer.from(String(text), 'base64').toString('latin1')) : []
}
const stringList = (texts: readonly string[]): object => ({ list: { s: texts.map((text) => Buffer.from(text, 'latin1').toString('base64')) } })
