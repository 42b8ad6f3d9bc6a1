/** @file What is known of a model before any runtime sees it: whether it is refused, its external files, and how many rows it runs at a time. */
import { ProbityError } from '../contracts/errors.js'
import type { ModelLimits } from '../contracts/model-limits.js'
import { gainsFromGpu } from '../engine/index.js'
import { checkTrees, DEFAULT_LIMITS, estimateMemory, inlineFunctions, preflight, readModel, refuseByName, type Graph, type OnnxModel } from '../graph/index.js'
import { modelFormat, preflightModelJson, preflightSavedModel } from '../tensorflow/index.js'

const MAX_BLOCK_ROWS = 1024
/** At most: what the values of a GraphModel take is not known before it runs. */
const TENSORFLOW_BLOCK_ROWS = 256
/** For the values that one run holds. The same everywhere, since results depend on the block size. */
const BLOCK_MEMORY_BYTES = 2 ** 30

export type CheckOptions = {
  /** As the user wrote it, for messages. */
  readonly original: string
  readonly maxMemoryBytes: number
  /** `low`: gradients compute activations again, so that more rows fit. */
  readonly memory: 'normal' | 'low'
  readonly limits?: Partial<ModelLimits>
}

/** @throws ProbityError that names the file, when the model is refused */
export function checkModel(bytes: Uint8Array, { original, maxMemoryBytes: available, memory, limits = {} }: CheckOptions): { locations: readonly string[]; blockRows: number; gainsFromGpu: boolean } {
  const maxMemoryBytes = limits.maxMemoryBytes ?? available
  try {
    refuseByName(original)
    const format = modelFormat(original)
    if (format === 'model-json') {
      const { locations, bytesPerRow } = preflightModelJson(bytes, { ...limits, maxMemoryBytes })
      return { locations, blockRows: bytesPerRow === null ? TENSORFLOW_BLOCK_ROWS : halved(TENSORFLOW_BLOCK_ROWS, (rows) => rows * bytesPerRow), gainsFromGpu: true }
    }
    if (format === 'saved-model') {
      preflightSavedModel(bytes, { ...limits, maxMemoryBytes })
      return { locations: [], blockRows: TENSORFLOW_BLOCK_ROWS, gainsFromGpu: true }
    }
    const { externalLocations } = preflight(bytes, { ...limits, maxMemoryBytes, blockRows: 1 })
    const graph = withoutFunctions(readModel(bytes))
    checkTrees(graph, { ...DEFAULT_LIMITS, ...limits })
    const blockRows = chooseBlockRows(graph, maxMemoryBytes, memory)
    return { locations: externalLocations, blockRows, gainsFromGpu: gainsFromGpu(graph, blockRows) }
  } catch (error) {
    if (error instanceof ProbityError && !error.message.includes(original)) throw new ProbityError(error.code, `${original}: ${error.message}`, { cause: error })
    throw error
  }
}

/** What functions hold counts like everything else; where they cannot be expanded, their size stays unknown. */
function withoutFunctions(model: OnnxModel): Graph {
  try {
    return inlineFunctions(model).graph
  } catch {
    return model.graph
  }
}

/**
 * The most rows, by halving, whose values fit into the budget. A gradient keeps every activation until its layer's turn comes, or, where it computes
 * them again, about as much as three times the peak of a forward pass.
 */
function chooseBlockRows(graph: Graph, maxMemoryBytes: number, memory: 'normal' | 'low'): number {
  if (estimated(graph, { blockRows: 1, maxMemoryBytes }) === null) return MAX_BLOCK_ROWS
  const held = (blockRows: number): number => {
    const kept = estimated(graph, { blockRows, keep: true }) ?? 0
    return memory === 'normal' ? kept : Math.min(kept, 3 * (estimated(graph, { blockRows }) ?? 0))
  }
  return halved(MAX_BLOCK_ROWS, (rows) => held(rows) - held(1))
}

/** The most rows, by halving, for which what they hold fits into the budget. */
function halved(most: number, held: (rows: number) => number): number {
  let rows = most
  while (rows > 1 && held(rows) > BLOCK_MEMORY_BYTES) rows /= 2
  return rows
}

/** Bytes; null where shapes cannot be inferred, which is no reason to refuse a model: the limit on the process holds anyway. */
function estimated(graph: Graph, { blockRows, maxMemoryBytes = Infinity, keep = false }: { blockRows: number; maxMemoryBytes?: number; keep?: boolean }): number | null {
  try {
    return estimateMemory(graph, { blockRows, maxMemoryBytes, maxElements: Infinity }, { keep })
  } catch (error) {
    if (error instanceof ProbityError && error.code.startsWith('preflight/')) throw error
    return null
  }
}
