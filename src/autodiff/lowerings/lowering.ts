/** @file What a lowering gets and gives. */
import type { NodeContext } from '../node-context.js'

/**
 * Writes a node in simpler operators of ai.onnx, which have rules or lowerings of their own, and gives the names of the values that take the
 * place of its outputs, in order; '' for an output that nobody wants. It may ask for anything that is known of the inputs' shapes and of
 * what it has emitted itself.
 */
export type Lowering = (context: NodeContext) => readonly string[]

export type LoweringTable = Readonly<Record<string, Lowering>>
