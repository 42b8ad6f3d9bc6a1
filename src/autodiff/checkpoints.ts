/** @file Where to cut a forward pass so that a gradient may forget what lies between the cuts (Chen et al. 2016, arXiv:1604.06174). */
import type { Dim } from '../contracts/model.js'
import { reaches, readsOf, subgraphsOf, type Graph, type TensorType } from '../graph/index.js'
import { byteLength, isFloat, sizeOf } from '../tensor/dtypes.js'

export type Segments = {
  /** Values that a later segment reads, by the segment that makes them; they are kept. */
  readonly boundaries: readonly (readonly string[])[]
  /** Values that may be forgotten → their segment. */
  readonly forgettable: ReadonlyMap<string, number>
}

/** Their outputs differ from run to run, or from node to node. */
const RANDOM: ReadonlySet<string> = new Set(['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Bernoulli', 'Multinomial', 'Dropout'])
/** Stands for sizes that are known only at run time; sizes are compared, not added up to a limit. */
const UNKNOWN_SIZE = 8

/**
 * Chooses the cuts with the smallest estimated peak: what crosses any cut, which is kept throughout, and the largest segment, which is alive while its
 * gradient is computed. Null where forgetting saves nothing.
 */
export function chooseSegments(graph: Graph, typeOf: (name: string) => TensorType | null): Segments | null {
  const bytes = (name: string): number => bytesOf(typeOf(name))
  const movable = movableValues(graph, typeOf)
  const everything = [...movable].reduce((sum, name) => sum + bytes(name), 0)
  let best: { segments: Segments; peak: number } | null = null
  for (let count = 2; count <= 2 * Math.ceil(Math.sqrt(graph.nodes.length)); count++) {
    const segments = segmentsAt(graph, cutsFor(graph, movable, bytes, count, everything), movable)
    const kept = segments.boundaries.flat().reduce((sum, name) => sum + bytes(name), 0)
    const sizes = segments.boundaries.map(() => 0)
    for (const [name, segment] of segments.forgettable) sizes[segment] += bytes(name)
    const peak = kept + Math.max(...sizes)
    if (best === null || peak < best.peak) best = { segments, peak }
  }
  return best !== null && best.peak < everything ? best.segments : null
}

/** Activations: floats that change with the inputs, from nodes that give the same answer twice. Sizes and masks are small and stay. */
function movableValues(graph: Graph, typeOf: (name: string) => TensorType | null): Set<string> {
  const fed = new Set(graph.inputs.map(({ name }) => name))
  const changing = reaches(graph, fed)
  const captured = new Set(graph.nodes.flatMap((node) => (subgraphsOf(node).length === 0 ? [] : readsOf(node))))
  return new Set(graph.nodes.filter((node) => !RANDOM.has(node.opType) && subgraphsOf(node).length === 0).flatMap(({ outputs }) => outputs).filter((name) => {
    const type = typeOf(name)
    return type !== null && isFloat(type.dtype) && changing.has(name) && !captured.has(name)
  }))
}

/** Cuts that share the bytes out evenly, each moved to where the least crosses it nearby. */
function cutsFor(graph: Graph, movable: ReadonlySet<string>, bytes: (name: string) => number, count: number, everything: number): number[] {
  const crossing = crossingBytes(graph, movable, bytes)
  const made = graph.nodes.map(({ outputs }) => outputs.reduce((sum, name) => sum + (movable.has(name) ? bytes(name) : 0), 0))
  const reach = Math.max(1, Math.floor(graph.nodes.length / count / 2))
  const cuts: number[] = []
  let sum = 0
  made.forEach((size, position) => {
    sum += size
    if (sum < (everything * (cuts.length + 1)) / count || cuts.length === count - 1) return
    const from = Math.max(position + 1 - reach, (cuts.at(-1) ?? 0) + 1)
    const near = Array.from({ length: Math.max(0, Math.min(position + 1 + reach, graph.nodes.length - 1) - from + 1) }, (_, i) => from + i)
    if (near.length > 0) cuts.push(near.reduce((least, cut) => (crossing[cut] < crossing[least] ? cut : least)))
  })
  return cuts
}

/** Per position, the bytes that are made before it and read at it or later. */
function crossingBytes(graph: Graph, movable: ReadonlySet<string>, bytes: (name: string) => number): number[] {
  const lastRead = new Map<string, number>()
  graph.nodes.forEach((node, position) => readsOf(node).forEach((name) => lastRead.set(name, position)))
  const change = new Array<number>(graph.nodes.length + 2).fill(0)
  graph.nodes.forEach(({ outputs }, position) => {
    for (const name of outputs) {
      if (!movable.has(name)) continue
      change[position + 1] += bytes(name)
      change[(lastRead.get(name) ?? position) + 1] -= bytes(name)
    }
  })
  let live = 0
  return change.map((difference) => (live += difference))
}

function segmentsAt(graph: Graph, cuts: readonly number[], movable: ReadonlySet<string>): Segments {
  let segment = 0
  const segmentOf = graph.nodes.map((_, position) => (position === cuts[segment] ? ++segment : segment))
  const makers = new Map(graph.nodes.flatMap(({ outputs }, position) => outputs.map((name) => [name, segmentOf[position]] as const)))
  const boundaries = Array.from({ length: segment + 1 }, () => new Set<string>())
  graph.nodes.forEach((node, position) => {
    for (const name of readsOf(node)) {
      const maker = makers.get(name)
      if (maker !== undefined && maker < segmentOf[position] && movable.has(name)) boundaries[maker].add(name)
    }
  })
  // The last segment's gradient comes right after it: forgetting it would save nothing.
  const forgettable = new Map([...movable].flatMap((name) => {
    const maker = makers.get(name) ?? segment
    return maker < segment && !boundaries[maker].has(name) ? [[name, maker] as const] : []
  }))
  return { boundaries: boundaries.map((names) => [...names]), forgettable }
}

const bytesOf = (type: TensorType | null): number => (type === null || type.dims === null ? 0 : byteLength(type.dtype, sizeOf(type.dims.map((dim: Dim) => (typeof dim === 'number' ? dim : UNKNOWN_SIZE)))))

