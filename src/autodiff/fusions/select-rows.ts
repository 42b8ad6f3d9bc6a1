/**
 * @file Computes only what is read. Where all that reads a value picks one part of it, such as the first token before a classifier, the operators before
 * it need no other rows either, back to where rows are mixed; what is not computed needs no gradient.
 */
import { intAttribute, type Graph, type Node } from '../../graph/ir.js'
import { readsOf } from '../../graph/walk.js'
import { isFloat } from '../../tensor/dtypes.js'
import { Emitter } from '../emitter.js'
import { axisMap, element, equalRanges, isMove, rangeOf, WHOLE, type Cut, type Range } from './cuts.js'

/** The part of a node's output that is made, and the part of each input that is read for it. */
type Plan = { readonly made: Cut; readonly reads: readonly Cut[] }
/** A node that picks a range along one axis; Gather with a scalar index also drops the axis. */
type Selection = { readonly axis: number; readonly range: Range; readonly drops: boolean }

/** @param kept values that stay whole */
export function selectRows(graph: Graph, kept: ReadonlySet<string>): Graph {
  if (!graph.nodes.some(({ opType }) => opType === 'Slice' || opType === 'Gather')) return graph
  const e = new Emitter(graph, { empty: true })
  const selections = new Map(e.graph.nodes.flatMap((node) => {
    const selection = selectionOf(e, node)
    return selection ? [[node, selection] as const] : []
  }))
  const plans = planOf(e, selections, new Set([...kept, ...graph.outputs.map(({ name }) => name)]))
  if ([...plans].every(([node, { made }]) => made.size === 0 || selections.has(node))) return graph

  const parts = new Map<string, { readonly name: string; readonly cut: Cut }>()
  const read = (name: string, cut: Cut): string => {
    const part = parts.get(name) ?? { name, cut: WHOLE }
    return [...cut].filter(([axis]) => !part.cut.has(axis)).reduce((from, [axis, range]) => slice(e, from, axis, range), part.name)
  }
  for (const node of e.graph.nodes) {
    const { made, reads } = plans.get(node)!
    const selection = selections.get(node)
    if (made.size === 0 && !node.inputs.some((name) => parts.has(name))) {
      e.keep(node)
      continue
    }
    const inputs = node.inputs.map((name, i) => (name === '' || (selection && i > 0) ? name : read(name, reads[i])))
    const output = made.size === 0 ? node.outputs[0] : e.builder.fresh('probity/part')
    e.keep(selection ? selected(e, selection, inputs[0], output) : { ...node, name: output, inputs: isMove(node) ? [inputs[0], targetShape(e, node, made)] : inputs, ...(isMove(node) ? RESHAPE : {}), outputs: [output, ...node.outputs.slice(1)] })
    if (made.size > 0) parts.set(node.outputs[0], { name: output, cut: made })
  }
  return { ...e.builder.build(), outputs: graph.outputs }
}

const RESHAPE = { opType: 'Reshape', attributes: new Map() }

const slice = (e: Emitter, from: string, axis: number, { start, end }: Range): string => e.emit('Slice', [from, e.ints([start]), e.ints([end]), e.ints([axis])])

/** The input is already cut along the selection's axis. */
function selected(e: Emitter, { axis, drops }: Selection, input: string, output: string): Node {
  const shared = { name: output, domain: '', outputs: [output], attributes: new Map() }
  return drops ? { ...shared, opType: 'Squeeze', inputs: [input, e.ints([axis])] } : { ...shared, opType: 'Identity', inputs: [input] }
}

/** The shape of the part that an operator makes which only moves elements about; at most one size is open, as `planOf` saw to. */
function targetShape(e: Emitter, node: Node, made: Cut): string {
  const dims = e.dims(node.outputs[0]) ?? []
  return e.ints(dims.map((dim, axis) => {
    const size = made.has(axis) ? made.get(axis)!.length : dim
    return typeof size === 'number' ? size : -1
  }))
}

/** From the last node to the first: what readers agree on, as far as the operator can give it. */
function planOf(e: Emitter, selections: ReadonlyMap<Node, Selection>, whole: ReadonlySet<string>): Map<Node, Plan> {
  const wanted = new Map<string, Cut[]>()
  const want = (name: string, cut: Cut) => wanted.set(name, [...(wanted.get(name) ?? []), cut])
  const plans = new Map<Node, Plan>()
  for (const node of [...e.graph.nodes].reverse()) {
    const [output, ...more] = node.outputs
    const isAlone = !more.some((name) => name !== '')
    const agreed = !isAlone || whole.has(output) ? WHOLE : agreement(wanted.get(output) ?? [])
    const selection = selections.get(node)
    const plan = selection ? planSelection(selection, agreed, node.inputs.length) : planNode(e, node, agreed)
    plans.set(node, plan)
    node.inputs.forEach((name, i) => name !== '' && want(name, plan.reads[i]))
    for (const name of readsOf(node).slice(node.inputs.filter((input) => input !== '').length)) want(name, WHOLE)
  }
  return plans
}

/** The ranges that every reader wants. */
function agreement([first, ...others]: readonly Cut[]): Cut {
  if (first === undefined) return WHOLE
  return new Map([...first].filter(([axis, range]) => others.every((other) => {
    const theirs = other.get(axis)
    return theirs !== undefined && equalRanges(theirs, range)
  })))
}

function planNode(e: Emitter, node: Node, agreed: Cut): Plan {
  const made = new Map<number, Range>()
  const reads = node.inputs.map(() => new Map<number, Range>())
  for (const [axis, range] of agreed) {
    const map = axisMap(e, node, axis)
    if (map === null) continue
    made.set(axis, range)
    map.forEach((own, i) => own !== 'whole' && reads[i].set(own, range))
  }
  const open = (e.dims(node.outputs[0]) ?? []).filter((dim, axis) => typeof (made.has(axis) ? made.get(axis)!.length : dim) !== 'number').length
  return isMove(node) && open > 1 ? { made: WHOLE, reads: node.inputs.map(() => WHOLE) } : { made, reads }
}

/** A selection reads its own range, and along other axes what its readers want. A range of its range is cut afterwards. */
function planSelection({ axis, range, drops }: Selection, agreed: Cut, inputs: number): Plan {
  const made = new Map([...agreed].filter(([own]) => drops || own !== axis))
  const read = new Map([[axis, range], ...[...made].map(([own, other]) => [drops && own >= axis ? own + 1 : own, other] as const)])
  return { made, reads: Array.from({ length: inputs }, (_, i) => (i === 0 ? read : WHOLE)) }
}

/** Slice along one axis in steps of 1, or Gather of one element, of floats with at least two axes, by constants. */
function selectionOf(e: Emitter, node: Node): Selection | null {
  const dims = e.dims(node.inputs[0] ?? '')
  const dtype = e.knownDtype(node.inputs[0] ?? '')
  if (node.domain !== '' || dims === null || dims.length < 2 || dtype === null || !isFloat(dtype)) return null
  const numbers = (i: number) => (node.inputs[i] ? e.constantNumbers(node.inputs[i]) : undefined)
  const from = (axis: number) => (axis < 0 ? axis + dims.length : axis)
  if (node.opType === 'Gather') {
    const index = numbers(1)
    const rank = e.rank(node.inputs[1])
    if (index?.length !== 1 || rank === null || rank > 1) return null
    return { axis: from(intAttribute(node, 'axis', 0)), range: element(index[0]), drops: rank === 0 }
  }
  if (node.opType !== 'Slice') return null
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map(numbers)
  if (starts?.length !== 1 || ends?.length !== 1 || axes === null || (axes?.length ?? 1) !== 1 || steps === null || (steps?.[0] ?? 1) !== 1) return null
  const axis = from(axes?.[0] ?? 0)
  const range = rangeOf(starts[0], ends[0], dims[axis])
  return range && { axis, range, drops: false }
}
