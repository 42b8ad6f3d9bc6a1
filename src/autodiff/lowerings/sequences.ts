/** @file Sequences and optionals that could not be resolved before: they depend on what only shows when the graph runs. */
import type { Lowering, LoweringTable } from './lowering.js'

const dynamic: Lowering = (c) => {
  throw c.refuse('which tensors its sequence or optional holds shows only when the graph runs. Export the model with a fixed number of them, or name values after it.')
}

export const sequences = {
  /** Its tensors, where they are known */
  SequenceConstruct: dynamic,
  /** Likewise */
  SequenceInsert: dynamic,
  /** Likewise */
  SequenceErase: dynamic,
  /** The tensor that was put there */
  SequenceAt: dynamic,
  /** Split, where the number of parts is known */
  SplitToSequence: dynamic,
  /** Concat of the tensors */
  ConcatFromSequence: dynamic,
  /** The body once for each element */
  SequenceMap: dynamic,
  /** What it holds */
  Optional: dynamic,
  /** What it holds */
  OptionalGetElement: dynamic,
} satisfies LoweringTable
