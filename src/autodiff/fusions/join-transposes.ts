/**
 * @file Transposes that exporters take apart: a Reshape that joins axes, a Transpose, and a Reshape that takes them apart again are one Transpose. Where it only
 * exchanges the last two axes, as before the product of queries and keys, runtimes then do it inside the product.
 */
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
  if (perm.length !== out.length || !perm.every((axis, i) => isSame(x[axis], out[i]))) return null
  return { ...transpose, inputs: [join.inputs[0]], outputs: node.outputs, attributes: new Map([['perm', ints(perm)]]) }
}

/** The neighbouring axes of x that each axis of the joined shape consists of; null where it is not so, or cannot be seen. */
function groupsOf(x: Dims, joined: Dims): number[][] | null {
  const groups: number[][] = []
  let axis = 0
  for (let i = 0; i < joined.length; i++) {
    const left = joined.length - 1 - i
    const group = [axis++]
    if (left === 0) while (axis < x.length) group.push(axis++)
    else while (!isSame(x[axis], joined[i + 1]) && x.length - axis > left) group.push(axis++)
    const [sizes, size] = [group.map((own) => x[own]), joined[i]]
    // The first group may have a size that is known only at run time; it is what the others leave.
    const isWhole = sizes.length === 1 ? isSame(sizes[0], size) : sizes.every((own) => typeof own === 'number') ? sizes.reduce((all: number, own) => all * Number(own), 1) === size : i === 0 && typeof size !== 'number'
    if (!isWhole) return null
    groups.push(group)
  }
  return axis === x.length ? groups : null
}

const isSame = (a: unknown, b: unknown): boolean => a != null && a === b
