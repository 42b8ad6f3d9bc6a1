/** @file Whether a model is large enough for a GPU, known before anything runs. */
import { estimateMemory, type Graph } from '../../graph/index.js'

/**
 * `auto` leaves small models on the CPU. A run on a GPU pays for a launch per operator and for carrying inputs and answers over the bus, a few milliseconds for
 * a network of a hundred operators, and a CPU goes through 64 MiB of weights and activations in about ten. No GPU was at hand to tune this: it errs
 * to the CPU's side, whose results need no check. It depends on the model alone, so that the same machine always chooses alike.
 */
const LEAST_BYTES = 64 * 2 ** 20

/** Whether the values of one block of rows, kept as a gradient keeps them, are enough work for a GPU. */
export function gainsFromGpu(graph: Graph, blockRows: number): boolean {
  try {
    return estimateMemory(graph, { blockRows, maxMemoryBytes: Infinity, maxElements: Infinity }, { keep: true }) >= LEAST_BYTES
  } catch {
    return false // Sizes that are not known are no reason to leave the CPU.
  }
}
