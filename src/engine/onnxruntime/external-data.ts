/** @file Reads weights that a model keeps in files beside it. */
import { open, realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { DType, Tensor } from '../../contracts/tensor.js'
import { viewRaw } from '../../graph/codec/read-tensor.js'
import { isExternal, mapSubgraphs, subgraphsOf, type ExternalData, type Graph, type Initializer } from '../../graph/index.js'
import { byteLength, sizeOf } from '../../tensor/dtypes.js'

/** The first initializer whose bytes lie in another file, or null. */
export function firstExternal(graph: Graph): string | null {
  for (const [name, initializer] of graph.initializers) if (isExternal(initializer)) return name
  for (const node of graph.nodes) for (const inner of subgraphsOf(node)) {
    const name = firstExternal(inner)
    if (name !== null) return name
  }
  return null
}

/**
 * The graph with every initializer inside. Files must lie under the model's folder, links resolved.
 *
 * @throws ProbityError `engine/external-data` naming the initializer and the file
 */
export async function readExternalData(graph: Graph, folder: string): Promise<Graph> {
  const loaded = new Map<Graph, Graph>()
  const load = async (part: Graph): Promise<Graph> => {
    for (const node of part.nodes) for (const inner of subgraphsOf(node)) loaded.set(inner, await load(inner))
    const initializers = new Map<string, Initializer>()
    for (const [name, initializer] of part.initializers) initializers.set(name, isExternal(initializer) ? await readInitializer(name, initializer, folder) : initializer)
    return { ...part, initializers, nodes: part.nodes.map((node) => mapSubgraphs(node, (inner) => loaded.get(inner) ?? inner)) }
  }
  return load(graph)
}

async function readInitializer(name: string, { external, dims, dtype }: { external: ExternalData; dims: readonly number[]; dtype: DType }, folder: string): Promise<Tensor> {
  const where = `Initializer ${name} in ${external.location}`
  const expected = byteLength(dtype, sizeOf(dims))
  if (external.length !== null && external.length !== expected) throw new ProbityError('engine/external-data', `${where}: its shape [${dims.join(', ')}] needs ${expected} bytes, and the model states ${external.length}. Export the model again.`)
  const bytes = new Uint8Array(expected)
  const path = await safePath(external.location, folder, where)
  const file = await open(path, 'r').catch((error: unknown) => refuse(where, error))
  try {
    const { bytesRead } = await file.read(bytes, 0, expected, external.offset)
    if (bytesRead !== expected) throw new ProbityError('engine/external-data', `${where}: the file ends after ${bytesRead} of ${expected} bytes. It is cut, or belongs to another model.`)
  } finally {
    await file.close()
  }
  return { data: viewRaw(bytes, dtype as Exclude<DType, 'string'>, dims, where), dims, dtype }
}

async function safePath(location: string, folder: string, where: string): Promise<string> {
  const root = await realpath(folder)
  const path = await realpath(resolve(root, location)).catch((error: unknown) => refuse(where, error))
  const inside = relative(root, path)
  if (isAbsolute(location) || isAbsolute(inside) || inside === '..' || inside.startsWith(`..${sep}`)) {
    throw new ProbityError('engine/external-data', `${where}: the file lies outside the model's folder, which is refused. Put it beside the model.`)
  }
  return path
}

function refuse(where: string, error: unknown): never {
  throw new ProbityError('engine/external-data', `${where} cannot be read: ${messageOf(error)}`, { cause: error })
}
