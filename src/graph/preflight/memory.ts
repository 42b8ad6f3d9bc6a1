/** @file How much memory a run would take, from inferred shapes: the second look, after the file was decoded. */
import type { Dim } from '../../contracts/model.js'
import { byteLength, sizeOf } from '../../tensor/dtypes.js'
import type { Graph, ValueType } from '../ir.js'
import { inferShapes } from '../shapes/infer.js'
import { readsOf, subgraphsOf } from '../walk.js'
import { DEFAULT_LIMITS, overLimit, type PreflightLimits } from './limits.js'

/**
 * Peak bytes of initializers and of values that live at the same time, when nodes run in order and a value is freed after its last reader.
 * An unknown first size is `blockRows`, other unknown sizes are 1, so this is what a run takes at least.
 *
 * @param options.keep values stay after their last reader, as those that a gradient needs do
 * @throws ProbityError `preflight/max-elements` or `preflight/max-memory-bytes` naming the value: a few bytes of file can ask for terabytes
 */
export function estimateMemory(graph: Graph, limits: Partial<PreflightLimits> = {}, { keep = false }: { readonly keep?: boolean } = {}): number {
  const settled = { ...DEFAULT_LIMITS, ...limits }
  const inputs = new Map(graph.inputs.flatMap(({ name, type }) => (type?.kind === 'tensor' && type.dims ? [[name, bind(type.dims, settled.blockRows)] as const] : [])))
  return peakBytes(inferShapes(graph, { inputs }), settled, keep)
}

const bind = (dims: readonly Dim[], rows: number): number[] => dims.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? rows : 1))

function peakBytes(graph: Graph, limits: PreflightLimits, keep: boolean): number {
  const lastReader = new Map<string, number>()
  graph.nodes.forEach((node, index) => readsOf(node).forEach((name) => lastReader.set(name, index)))
  for (const { name } of graph.outputs) lastReader.set(name, graph.nodes.length)
  const types = new Map([...graph.valueInfo.values(), ...graph.inputs, ...graph.outputs].map(({ name, type }) => [name, type]))
  const sizes = new Map<string, number>()
  let live = 0
  const allocate = (name: string, bytes: number) => {
    sizes.set(name, bytes)
    live += bytes
    if (live > limits.maxMemoryBytes) overLimit('maxMemoryBytes', `The model holds ${live} bytes when it makes "${name}", in blocks of ${limits.blockRows} rows`, limits)
  }
  for (const [name, { dtype, dims }] of graph.initializers) allocate(name, byteLength(dtype, sizeOf(dims)))
  for (const { name, type } of graph.inputs) allocate(name, bytesOf(name, type, limits))
  let peak = live
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) if (output !== '') allocate(output, bytesOf(output, types.get(output) ?? null, limits))
    const inner = subgraphsOf(node).reduce((most, body) => Math.max(most, peakBytes(body, limits, keep)), 0)
    peak = Math.max(peak, live + inner)
    if (keep) return
    for (const name of new Set([...readsOf(node), ...node.outputs])) {
      // Weights stay; what nobody reads again is freed.
      if ((lastReader.get(name) ?? index) > index || graph.initializers.has(name)) continue
      live -= sizes.get(name) ?? 0
      sizes.delete(name)
    }
  })
  if (peak > limits.maxMemoryBytes) overLimit('maxMemoryBytes', `The model holds ${peak} bytes at once, in blocks of ${limits.blockRows} rows`, limits)
  return peak
}

function bytesOf(name: string, type: ValueType | null, limits: PreflightLimits): number {
  if (type?.kind !== 'tensor' || type.dims === null) return 0
  const elements = sizeOf(bind(type.dims, limits.blockRows))
  if (!(elements <= limits.maxElements)) overLimit('maxElements', `Value "${name}" has ${elements} elements`, limits)
  return byteLength(type.dtype, elements)
}
