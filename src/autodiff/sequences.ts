/**
 * @file Sequences and optionals whose elements are known without running the graph: what is taken out of them is the tensor that was put in.
 * What stays a sequence is left as it is, and nothing that a gradient needs reads it any more.
 */
import { intAttribute, type Graph, type Node } from '../graph/ir.js'
import { inlineBody } from '../graph/functions/instantiate.js'
import { subgraphsOf } from '../graph/walk.js'
import { Emitter } from './emitter.js'
import { NodeContext } from './node-context.js'

const OPERATORS: ReadonlySet<string> = new Set([
  'SequenceConstruct', 'SequenceEmpty', 'SequenceInsert', 'SequenceErase', 'SequenceAt', 'SequenceLength', 'SplitToSequence', 'ConcatFromSequence', 'SequenceMap',
  'Optional', 'OptionalGetElement', 'OptionalHasElement',
])
const usesSequences = ({ domain, opType }: Node): boolean => domain === '' && OPERATORS.has(opType)

export function withoutSequences(graph: Graph, outer?: Emitter): Graph {
  if (!graph.nodes.some(usesSequences)) return graph
  const resolver = new Resolver(new Emitter(graph, { empty: true, outer }))
  for (const node of resolver.emitter.graph.nodes) resolver.visit(node)
  return { ...resolver.emitter.builder.build(), outputs: graph.outputs }
}

/** A value is a list of tensors, by name; or, where the list is only known when the graph runs, null. */
class Resolver {
  readonly #lists = new Map<string, readonly string[]>()
  /** What an optional holds, a tensor or a sequence; null where it is empty. */
  readonly #optionals = new Map<string, string | null>()

  constructor(readonly emitter: Emitter) {}

  visit(node: Node): void {
    const results = node.domain === '' ? this.#resolve(new NodeContext(this.emitter, node)) : null
    if (results === null) {
      this.emitter.keep(node)
      return
    }
    node.outputs.forEach((output, i) => {
      const result = results[i]
      if (output === '' || result === undefined) return
      if (typeof result === 'string') this.#name(output, result)
      else this.#lists.set(output, result)
    })
    // Who runs the sequence itself still finds it.
    if (results.some((result) => typeof result !== 'string')) this.emitter.keep(node)
  }

  /** A tensor under another name; a sequence or an optional under it is known by both. */
  #name(output: string, value: string): void {
    const list = this.#lists.get(value)
    if (list) this.#lists.set(output, list)
    this.emitter.keep({ name: output, opType: 'Identity', domain: '', inputs: [value], outputs: [output], attributes: new Map() })
  }

  /** Per output a tensor or a list of them; null to leave the node as it is. */
  #resolve(c: NodeContext): readonly (string | readonly string[])[] | null {
    const e = this.emitter
    const list = this.#lists.get(c.x)
    const at = (index: number, size: number): number | null => place(c.hasInput(index) ? e.constantNumbers(c.input(index))?.[0] ?? null : undefined, size)
    switch (c.node.opType) {
      case 'Identity': return list ? [list] : null
      case 'SequenceConstruct': return [c.node.inputs]
      case 'SequenceEmpty': return [[]]
      case 'SequenceInsert': {
        if (!list) return null
        const position = c.hasInput(2) ? at(2, list.length + 1) : list.length
        return position === null ? null : [list.toSpliced(position, 0, c.input(1))]
      }
      case 'SequenceErase': {
        const position = list ? at(1, list.length) : null
        return list && position !== null ? [list.toSpliced(position, 1)] : null
      }
      case 'SequenceAt': {
        const position = list ? at(1, list.length) : null
        return list && position !== null ? [list[position]] : null
      }
      case 'SequenceLength': return list ? [e.constant(list.length, 'int64')] : null
      case 'SplitToSequence': return this.#split(c)
      case 'ConcatFromSequence': return list ? [this.#concat(c, list)] : null
      case 'SequenceMap': return this.#map(c)
      case 'Optional':
        this.#optionals.set(c.output(), c.hasInput(0) ? c.x : null)
        return null
      case 'OptionalHasElement': return !c.hasInput(0) || this.#optionals.has(c.x) ? [e.constant(c.hasInput(0) && this.#optionals.get(c.x) !== null ? 1 : 0, 'bool')] : null
      case 'OptionalGetElement': {
        const inside = this.#optionals.get(c.x) ?? (list || e.knownDtype(c.x) !== null ? c.x : null)
        return inside === null ? null : [this.#lists.get(inside) ?? inside]
      }
      default: return null
    }
  }

  #split(c: NodeContext): readonly (readonly string[])[] | null {
    const e = this.emitter
    const axis = intAttribute(c.node, 'axis', 0)
    const size = e.size(c.x, axis)
    const given = c.hasInput(1) ? e.constantNumbers(c.input(1)) : [1]
    if (given === null) return null
    const isVector = c.hasInput(1) && e.rank(c.input(1)) === 1
    if (!isVector && typeof size !== 'number') return null
    const sizes = isVector ? given : Array.from({ length: Math.ceil(Number(size) / given[0]) }, (_, i) => Math.min(given[0], Number(size) - i * given[0]))
    const parts = sizes.length === 1 ? [c.x] : e.emitMany('Split', [c.x, e.ints(sizes)], sizes.length, { axis })
    const squeezed = !c.hasInput(1) && intAttribute(c.node, 'keepdims', 1) === 0
    return [squeezed ? parts.map((part) => c.emit('Squeeze', [part, e.ints([axis])])) : parts]
  }

  #concat(c: NodeContext, list: readonly string[]): string {
    const axis = intAttribute(c.node, 'axis', 0)
    const stacked = intAttribute(c.node, 'new_axis', 0) === 1
    return c.emit('Concat', stacked ? list.map((name) => c.emit('Unsqueeze', [name, this.emitter.ints([axis])])) : list, { axis })
  }

  /** The body once for each element. */
  #map(c: NodeContext): readonly (readonly string[])[] | null {
    const lists = c.node.inputs.map((name) => this.#lists.get(name))
    const [first] = lists
    const [body] = subgraphsOf(c.node)
    if (!first || body === undefined || lists.some((list, i) => list !== undefined && list.length !== first.length && i > 0)) return null
    const label = c.node.name || c.output()
    const turns = first.map((_, turn) => this.#turn(body, c.node.inputs.map((name, i) => lists[i]?.[turn] ?? name), (inner) => this.emitter.builder.fresh(`${label}/${turn}/${inner}`)))
    return c.node.outputs.map((_, i) => turns.map((outputs) => outputs[i]))
  }

  #turn(body: Graph, inputs: readonly string[], rename: (inner: string) => string): readonly string[] {
    const { nodes, initializers, outputs } = inlineBody(body, inputs, rename)
    for (const [output, value] of initializers) this.emitter.keep({ name: output, opType: 'Constant', domain: '', inputs: [], outputs: [output], attributes: new Map([['value', { type: 'tensor', value }]]) })
    for (const node of nodes) this.visit(node)
    return outputs
  }
}

/** A position counted from either end: null where it is not known or outside. */
function place(position: number | null | undefined, size: number): number | null {
  if (position === undefined) return size - 1
  if (position === null) return null
  const normal = position < 0 ? position + size : position
  return normal >= 0 && normal < size ? normal : null
}
