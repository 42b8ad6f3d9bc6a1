/** @file Scan as a Loop. */
import { intAttribute, intsAttribute, type Graph, type Node, type ValueInfo } from '../../graph/ir.js'
import { bodyOf, emitControl } from '../body.js'
import type { Emitter } from '../emitter.js'
import type { LoweringTable } from './lowering.js'
import type { NodeContext } from '../node-context.js'

/** A Loop whose turn t takes position t of every scanned input; what is scanned the other way round is turned before or after. */
function scan(c: NodeContext): readonly string[] {
  const { emitter: e, node } = c
  const scans = intAttribute(node, 'num_scan_inputs', 0)
  const states = node.inputs.length - scans
  const body = bodyOf(e, node, 'body', { inputs: node.inputs.length, outputs: node.outputs.length })
  const axes = intsAttribute(node, 'scan_input_axes', new Array<number>(scans).fill(0))
  const directions = intsAttribute(node, 'scan_input_directions', new Array<number>(scans).fill(0))
  const scanned = node.inputs.slice(states).map((name, k) => (directions[k] === 1 ? backwards(e, name, axes[k]) : name))
  const [turn, goOn, stillOn] = ['turn', 'condition', 'condition'].map((hint) => e.builder.fresh(`probity/${hint}`))
  const takes = scanned.map((name, k): Node => {
    const slice = body.inputs[states + k].name
    return { name: slice, opType: 'Gather', domain: '', inputs: [name, turn], outputs: [slice], attributes: new Map([['axis', { type: 'int', value: BigInt(axes[k]) }]]) }
  })
  const flag = (name: string): ValueInfo => ({ name, type: { kind: 'tensor', dtype: 'bool', dims: [] } })
  const turns: Graph = {
    ...body,
    inputs: [{ name: turn, type: { kind: 'tensor', dtype: 'int64', dims: [] } }, flag(goOn), ...body.inputs.slice(0, states)],
    nodes: [{ name: stillOn, opType: 'Identity', domain: '', inputs: [goOn], outputs: [stillOn], attributes: new Map() }, ...takes, ...body.nodes],
    outputs: [flag(stillOn), ...body.outputs],
  }
  const results = emitControl(e, 'Loop', [e.sizeOf(scanned[0], axes[0]), '', ...node.inputs.slice(0, states)], { body: turns }, body.outputs.length)
  const outputAxes = intsAttribute(node, 'scan_output_axes', [])
  const outputDirections = intsAttribute(node, 'scan_output_directions', [])
  return results.map((name, i) => {
    if (i < states || !node.outputs[i]) return name
    const inOrder = outputDirections[i - states] === 1 ? backwards(e, name, 0) : name
    return withFirstAxisAt(c, inOrder, outputAxes[i - states] ?? 0)
  })
}

const backwards = (e: Emitter, name: string, axis: number): string => e.emit('Slice', [name, e.ints([-1]), e.ints([-Number.MAX_SAFE_INTEGER]), e.ints([axis]), e.ints([-1])])

function withFirstAxisAt(c: NodeContext, name: string, axis: number): string {
  if (axis === 0) return name
  const rank = c.rank(name)
  const place = axis < 0 ? axis + rank : axis
  return c.emit('Transpose', [name], { perm: Array.from({ length: rank }, (_, i) => (i === place ? 0 : i < place ? i + 1 : i)) })
}

export const scans = {
  /** a Loop that takes one position of each scanned input per turn */
  Scan: scan,
} satisfies LoweringTable
