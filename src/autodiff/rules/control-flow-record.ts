/** @file What a Loop must remember of its turns for its gradient. */
import { int, type Graph, type Node, type ValueInfo } from '../../graph/ir.js'
import { dataTypeNumber } from '../../graph/codec/data-types.js'
import type { RuleContext } from '../rule.js'

/** A value that the body carries from turn to turn: what it is called when a turn begins and when it ends, and the place of the node's input. */
export type Carried = { readonly before: string; readonly after: string; readonly input: number }

/** `values` holds what the value was when each turn began: a tensor with the turns as first axis, or a sequence where the shape changes. */
type Recorded = { readonly before: string; readonly values: string; readonly kind: 'tensor' | 'sequence' }

export type TurnRecord = {
  /** How many turns were run: int64 [1]. */
  readonly turns: string
  /** Number of the last turn: int64 scalar. */
  readonly last: string
  readonly values: readonly Recorded[]
}

/** Makes the node of the forward pass record carried values, and count its turns. */
export function recordTurns(c: RuleContext, body: Graph, carried: readonly Carried[]): TurnRecord {
  const { emitter: e, node } = c
  const count = node.inputs.length - 2
  const constant = carried.filter((value) => keepsShape(body, value))
  const changing = carried.filter((value) => !constant.includes(value))
  const fresh = (hint: string) => e.builder.fresh(`probity/${hint}`)
  const nodes: Node[] = []
  const add = (opType: string, inputs: readonly string[], hint: string): string => {
    const output = fresh(hint)
    nodes.push({ name: output, opType, domain: '', inputs, outputs: [output], attributes: new Map() })
    return output
  }
  const info = (name: string, like: string | undefined): ValueInfo => ({ name, type: body.inputs.find((input) => input.name === like)?.type ?? null })

  const sequences = changing.map(({ before, input }) => {
    const dtype = e.dtype(c.input(input))
    const type = { kind: 'sequence', element: { kind: 'tensor', dtype, dims: null } } as const
    const [empty, soFar] = [fresh(`${before}/none`), fresh(`${before}/turns`)]
    const start: Node = { name: empty, opType: 'SequenceEmpty', domain: '', inputs: [], outputs: [empty], attributes: new Map([['dtype', int(dataTypeNumber(dtype))]]) }
    return { start, empty, before: soFar, type, after: add('SequenceInsert', [soFar, before], `${before}/turns`) }
  })
  const kept = constant.map(({ before }) => ({ before, name: add('Identity', [before], `${before}/turn`) }))
  // Any scanned output counts the turns.
  const scans = node.outputs.length > count || kept.length > 0 ? kept : [{ before: body.inputs[0].name, name: add('Identity', [body.inputs[0].name], 'turn') }]
  const outputs = [
    ...Array.from({ length: count }, (_, i) => node.outputs[i] || fresh('carried')),
    ...sequences.map(({ before }) => fresh(before)),
    ...body.outputs.slice(count + 1).map((_, i) => node.outputs[count + i] || fresh('scanned')),
    ...scans.map(({ name }) => fresh(name)),
  ]
  const recording: Graph = {
    ...body,
    inputs: [...body.inputs, ...sequences.map(({ before, type }) => ({ name: before, type }))],
    nodes: [...body.nodes, ...nodes],
    outputs: [...body.outputs.slice(0, count + 1), ...sequences.map(({ after, type }) => ({ name: after, type })), ...body.outputs.slice(count + 1), ...scans.map(({ before, name }) => info(name, before))],
  }
  e.replace(node, sequences.map(({ start }) => start), { ...node, inputs: [...node.inputs, ...sequences.map(({ empty }) => empty)], outputs, attributes: new Map([...node.attributes, ['body', { type: 'graph', value: recording }]]) })

  const turns = e.sizeOf(outputs[outputs.length - 1], 0)
  const firstScan = outputs.length - kept.length
  return {
    turns,
    last: e.emit('Squeeze', [e.sub(turns, e.ints([1]))]),
    values: [
      ...constant.map(({ before }, i) => ({ before, values: outputs[firstScan + i], kind: 'tensor' as const })),
      ...changing.map(({ before }, i) => ({ before, values: outputs[count + i], kind: 'sequence' as const })),
    ],
  }
}

/** Whether a carried value has the same shape in every turn, as far as is known. */
function keepsShape(body: Graph, { before, after }: Carried): boolean {
  const [first, then] = [body.inputs.find(({ name }) => name === before)?.type, body.outputs.find(({ name }) => name === after)?.type]
  if (first?.kind !== 'tensor' || then?.kind !== 'tensor' || first.dims === null || first.dims.length !== then.dims?.length) return false
  return first.dims.every((dim, axis) => dim !== null && dim === then.dims?.[axis])
}
