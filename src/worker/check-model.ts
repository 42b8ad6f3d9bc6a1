/** @file What is known of a model before any runtime sees it: whether it is refused, its external files, and how many rows it runs at a time. */
import { ProbityError } from '../contracts/errors.js'
import { estimateMemory, preflight, readModel, refuseByName, type Graph } from '../graph/index.js'

const MAX_BLOCK_ROWS = 1024
/** For the values of one forward run; a gradient holds about three times as much. The same everywhere, since results depend on the block size. */
const BLOCK_MEMORY_BYTES = 512 * 2 ** 20

/** @throws ProbityError that names the file, when the model is refused */
export function checkModel(bytes: Uint8Array, original: string, maxMemoryBytes: number): { locations: readonly string[]; blockRows: number } {
  try {
    refuseByName(original)
    const { externalLocations } = preflight(bytes, { maxMemoryBytes, blockRows: 1 })
    return { locations: externalLocations, blockRows: chooseBlockRows(readModel(bytes).graph, maxMemoryBytes) }
  } catch (error) {
    if (error instanceof ProbityError && !error.message.includes(original)) throw new ProbityError(error.code, `${original}: ${error.message}`, { cause: error })
    throw error
  }
}

/** The most rows, by halving, whose values fit into the budget. */
function chooseBlockRows(graph: Graph, maxMemoryBytes: number): number {
  const oneRow = estimated(graph, 1, maxMemoryBytes)
  if (oneRow === null) return MAX_BLOCK_ROWS
  let rows = MAX_BLOCK_ROWS
  while (rows > 1 && (estimated(graph, rows, Infinity) ?? 0) - oneRow > BLOCK_MEMORY_BYTES) rows /= 2
  return rows
}

/** Bytes; null where shapes cannot be inferred, which is no reason to refuse a model: the limit on the process holds anyway. */
function estimated(graph: Graph, blockRows: number, maxMemoryBytes: number): number | null {
  try {
    return estimateMemory(graph, { blockRows, maxMemoryBytes, maxElements: Infinity })
  } catch (error) {
    if (error instanceof ProbityError && error.code.startsWith('preflight/')) throw error
    return null
  }
}
