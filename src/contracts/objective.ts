/** @file Objectives: the scalar per row that is differentiated. Data, not code, so that every engine builds them natively. */

/**
 * - `cross-entropy`: −log softmax(z)[y]; on a one-column output the logits are [0, z].
 * - `binary-cross-entropy`: per row, Σ over columns of −(t·log σ(z) + (1−t)·log(1−σ(z))), with t in [0, 1] of the output's shape.
 * - `margin`: max over j≠y of z[j], minus z[y] (Carlini & Wagner 2017, arXiv:1608.04644, with κ → −∞): positive once the row is misclassified.
 * - `dlr`: the margin divided by z_π1 − z_π3, the distance from the largest logit to the third largest (difference of logits ratio, Croce & Hein
 *   2020, arXiv:2003.01690, eq. 6): the same for α·z + β, so that scaling logits does not hide gradients. With fewer than three classes, the margin.
 * - `log-odds`: z[y] − logsumexp over j≠y of z[j], which is logit of the softmax probability of y.
 * - `mse`: per row, the mean over columns of (output − t)², with t of the output's shape; its mean over rows is the mean squared error of the
 *   whole. It reads the output as it is, probabilities too, where it is the Brier score.
 */
export const LOSSES = ['cross-entropy', 'binary-cross-entropy', 'margin', 'dlr', 'log-odds', 'mse'] as const
export type Loss = (typeof LOSSES)[number]

/** Class per row, or one class for all rows. For `binary-cross-entropy` and `mse`, the targets t. */
export type Target = number | readonly number[] | Int32Array | BigInt64Array | Float32Array | Float64Array

/**
 * Without `loss`: the chosen output element, output[row, target] (a one-column or one-dimensional output needs no target).
 * Losses are summed over rows, so row i of a gradient belongs to row i alone.
 */
export type Objective = {
  /** Defaults to the model's only float output. */
  readonly output?: string
  readonly loss?: Loss
  readonly target?: Target
}
