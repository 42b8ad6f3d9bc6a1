/** @file How many points of paths go into one run of a model. */
import { ProbityError } from '../contracts/errors.js'

export const DEFAULT_BLOCK_ROWS = 1024

export function checkBlockRows(blockRows: number): void {
  if (!Number.isSafeInteger(blockRows) || blockRows < 1) throw new ProbityError('explain/option', `blockRows must be a whole number ≥ 1, got ${blockRows}`)
}
