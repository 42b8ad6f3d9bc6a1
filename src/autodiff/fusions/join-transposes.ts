/**
 * @file Transposes that exporters take apart: a Reshape that joins axes, a Transpose, and a Reshape that takes them apart again are one Transpose. Where it only
 * exchanges the last two axes, as before the product of queries and keys, runtimes then do it inside the product.
 */
import type { Dim } from '../../contracts/model.js'
import { ints, type Graph, type Node } from '../../graph/ir.js'
import { Emitter, type Dims } from '../emitter.js'
import { GraphReader, permutationOf } from './graph-reader.js'

export function joinTransposes(graph: Graph, kept: ReadonlySet<string>): Graph {
  const e = new Emitter(graph, { empty: true })
  const reader = new GraphReader(e, kept)
  let isChanged = false
  for (const node of e.graph.nodes) {
    const joined = acrossReshapes(e, reader, node)
    isChanged ||= joined !== null
    e.keep(joined ?? node)
  }
  return isChanged ? { ...e.builder.build(), outputs: graph.outputs } : graph
}

/** Reshape(Transpose(Reshape(x))) as a Transpose of x, where the first joins neighbours and the last restores them. */
function acrossReshapes(e: Emitter, reader: GraphReader, node: Node): Node | null {
  if (node.domain !== '' || node.opType !== 'Reshape' || !reader.isPrivate(node.inputs[0])) return null
  const transpose = reader.maker(node.inputs[0], 'Transpose')
  const join = transpose && reader.isPrivate(transpose.inputs[0]) ? reader.maker(transpose.inputs[0], 'Reshape') : null
  if (!transpose || !join) return null
  const [x, middle, out] = [join.inputs[0], join.outputs[0], node.outputs[0]].map((name) => e.dims(name))
  const groups = x && middle && groupsOf(x, middle)
  if (!x || !groups || !out) return null
  const perm = permutationOf(transpose, groups.length).flatMap((group) => groups[group])
  // One size may be open: it is what the others leave.
  if (perm.length !== out.length || perm.filter((axis, i) => !isSame(x[axis], out[i])).length > (out.includes(null) ? 1 : 0)) return null
  return { ...transpose, inputs: [join.inputs[0]], outputs: node.outputs, attributes: new Map([['perm', ints(perm)]]) }
}

/** The neighbouring axes of x that each axis of the joined shape consists of, found from the last; null where it is not so, or cannot be seen. */
function groupsOf(x: Dims, joined: Dims): number[][] | null {
  const groups: number[][] = []
  let axis = x.length - 1
  for (let i = joined.length - 1; i > 0; i--) {
    const group = axis >= 0 ? [axis--] : []
    while (axis >= 0 && !isSame(sizeOf(x, group), joined[i]) && typeof joined[i] === 'number') group.unshift(axis--)
    if (!isSame(sizeOf(x, group), joined[i])) return null
    groups.unshift(group)
  }
  // What is left is the first axis, whatever its size: no elements are lost.
  return axis < 0 ? null : [Array.from({ length: axis + 1 }, (_, own) => own), ...groups]
}

/** The size that axes of x have together; null where it is no number and not that of a single axis. */
function sizeOf(x: Dims, axes: readonly number[]): Dim {
  if (axes.length === 1) return x[axes[0]]
  const sizes = axes.map((axis) => x[axis])
  return sizes.every((size) => typeof size === 'number') ? sizes.reduce((all, size) => all * size, 1) : null
}

const isSame = (a: Dim | undefined, b: Dim | undefined): boolean => a != null && a === b
