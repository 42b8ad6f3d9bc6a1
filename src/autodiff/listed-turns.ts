/** @file Loops that put one tensor per turn into a list, as exporters write `outputs.append(…)`: what goes into the list becomes a scanned output. */
import { intAttribute, type Attribute, type Graph, type Node } from '../graph/ir.js'
import { consumersOf, producersOf } from '../graph/walk.js'
import { Emitter } from './emitter.js'

type Consumers = ReadonlyMap<string, readonly Node[]>

/** The same graph, where lists that begin empty, grow at their end and are read as tensors afterwards are no sequences any more. */
export function listedTurns(graph: Graph, outer?: Emitter): Graph {
  const empty = new Set(graph.nodes.flatMap(({ opType, outputs }) => (opType === 'SequenceEmpty' ? outputs : [])))
  if (!graph.nodes.some((node) => isLoop(node) && node.inputs.some((name) => empty.has(name)))) return graph
  const emitter = new Emitter(graph, { empty: true, outer })
  const consumers = consumersOf(emitter.graph)
  const shown = new Set(graph.outputs.map(({ name }) => name))
  const scanned = new Map<string, string>()
  for (const node of emitter.graph.nodes) {
    const list = scanned.get(node.inputs[0])
    if (list !== undefined && readers.has(node.opType)) {
      emitter.keep({ name: node.outputs[0], opType: 'Identity', domain: '', inputs: [read(emitter, node, list)], outputs: [node.outputs[0]], attributes: new Map() })
    } else {
      emitter.keep(isLoop(node) ? withScans(emitter, node, (i) => empty.has(node.inputs[i + 2]) && !shown.has(node.outputs[i]), consumers, scanned) : node)
    }
  }
  return { ...emitter.builder.build(), outputs: graph.outputs }
}

const isLoop = ({ opType, domain }: Node): boolean => opType === 'Loop' && domain === ''
const readers: ReadonlySet<string> = new Set(['ConcatFromSequence', 'SequenceAt', 'SequenceLength'])

/** The Loop without the lists it carries; `scanned` learns which output has the elements of each. */
function withScans(e: Emitter, node: Node, isEmpty: (carried: number) => boolean, consumers: Consumers, scanned: Map<string, string>): Node {
  const attribute = node.attributes.get('body')
  if (attribute?.type !== 'graph') return node
  const body = attribute.value
  const [makers, inside] = [producersOf(body), consumersOf(body)]
  const lists = body.inputs.slice(2).flatMap((input, i) => {
    const after = body.outputs[i + 1]?.name ?? ''
    const insert = makers.get(after)
    const grows = insert?.opType === 'SequenceInsert' && insert.inputs[0] === input.name && !insert.inputs[2] && inside.get(input.name)?.length === 1 && !inside.has(after)
    if (!grows || !isEmpty(i) || !node.outputs[i]) return []
    const uses = consumers.get(node.outputs[i]) ?? []
    return uses.every((use) => readers.has(use.opType) && use.inputs[0] === node.outputs[i]) && haveOneShape(body, insert.inputs[1], uses) ? [{ i, insert }] : []
  })
  if (lists.length === 0) return node
  const gone = new Set(lists.map(({ i }) => i))
  const elements = lists.map(({ insert }): Node => {
    const name = e.builder.fresh('probity/element')
    return { name, opType: 'Identity', domain: '', inputs: [insert.inputs[1]], outputs: [name], attributes: new Map() }
  })
  const outputs = lists.map(({ i }) => {
    const name = e.builder.fresh('probity/elements')
    scanned.set(node.outputs[i], name)
    return name
  })
  const scanning: Graph = {
    ...body,
    inputs: body.inputs.filter((_, i) => !gone.has(i - 2)),
    nodes: [...body.nodes.filter((inner) => !lists.some(({ insert }) => insert === inner)), ...elements],
    outputs: [...body.outputs.filter((_, i) => !gone.has(i - 1)), ...elements.map(({ name, inputs }) => ({ name, type: body.valueInfo.get(inputs[0])?.type ?? null }))],
  }
  const attributes = new Map<string, Attribute>([...node.attributes, ['body', { type: 'graph', value: scanning }]])
  return { ...node, inputs: node.inputs.filter((_, i) => !gone.has(i - 2)), outputs: [...node.outputs.filter((_, i) => !gone.has(i)), ...outputs], attributes }
}

/** Elements that are stacked have one shape, or the model does not run; others must be known to have. */
function haveOneShape(body: Graph, element: string, uses: readonly Node[]): boolean {
  if (uses.some((use) => use.opType === 'ConcatFromSequence' && intAttribute(use, 'new_axis', 0) === 1)) return true
  const type = body.valueInfo.get(element)?.type ?? body.outputs.find(({ name }) => name === element)?.type
  return type?.kind === 'tensor' && type.dims !== null && type.dims.every((dim) => dim !== null)
}

/**
 * What a node reads of a list.
 *
 * @param list [turns, ...shape of an element]
 */
function read(e: Emitter, node: Node, list: string): string {
  if (node.opType === 'SequenceLength') return e.emit('Squeeze', [e.sizeOf(list, 0), e.ints([0])])
  if (node.opType === 'SequenceAt') return e.emit('Gather', [list, node.inputs[1]])
  const axis = intAttribute(node, 'axis', 0)
  const stacked = intAttribute(node, 'new_axis', 0) === 1
  if (stacked && axis === 0) return list
  const rank = e.requireRank(list, node)
  const place = axis < 0 ? axis + rank - (stacked ? 0 : 1) : axis
  const order = Array.from({ length: rank }, (_, i) => (i < place ? i + 1 : i === place ? 0 : i))
  const moved = place === 0 ? list : e.emit('Transpose', [list], { perm: order }) // the turns at `place`
  if (stacked) return moved
  const sizes = order.map((_, i) => e.size(moved, i))
  return e.emit('Reshape', [moved, e.joinInts([...sizes.slice(0, place), -1, ...sizes.slice(place + 2)])])
}
