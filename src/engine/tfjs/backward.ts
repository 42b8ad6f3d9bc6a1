/** @file The gradient of a scalar with TensorFlow.js' tape. */
import type * as Tf from '@tensorflow/tfjs'
import { withConventions } from './conventions.js'
import type { TfPackage } from './packages.js'

/** What the engine keeps to itself and asynchronous models need. */
type Tape = {
  startTape(): void
  endTape(): void
  addTapeNode(name: string, inputs: object, outputs: Tf.Tensor[], ...rest: unknown[]): void
  readonly state: { activeTape: { readonly saved?: readonly Tf.Tensor[] }[] | null }
}

/**
 * Of the scalar that `forward` computes from tensors in `at`. What has no part in it has the gradient 0.
 *
 * @param waits whether `forward` gives a promise
 */
export function gradientsOf(tf: TfPackage, at: readonly Tf.Tensor[], waits: boolean, forward: () => Tf.Scalar | Promise<Tf.Scalar>): Promise<Tf.Tensor[]> {
  const engine = tf.engine()
  const tape = engine as unknown as Tape
  const gradients = (total: () => Tf.Scalar) => engine.gradients(total, [...at], undefined, true).grads.map((gradient: Tf.Tensor | undefined, i) => gradient ?? tf.zerosLike(at[i]))
  return withConventions(tf, async () => {
    try {
      if (!waits) return gradients(() => forward() as Tf.Scalar)
      // `gradients` begins a tape of its own unless one is running, and while something is waited for only a running one records.
      tape.startTape()
      const { addTapeNode } = tape
      // A list that a loop reads from keeps the array of an operator's outputs, and empties it when the run is over.
      tape.addTapeNode = (name, inputs, outputs, ...rest) => addTapeNode.call(tape, name, inputs, [...outputs], ...rest)
      try {
        const total = await forward()
        return gradients(() => total)
      } finally {
        delete (tape as Partial<Tape>).addTapeNode
        tape.endTape()
      }
    } finally {
      // What is left of a run that failed, or that was inside our own tape.
      for (const { saved } of tape.state.activeTape ?? []) for (const tensor of saved ?? []) tensor.dispose()
      tape.state.activeTape = null
    }
  })
}
