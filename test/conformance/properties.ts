/** @file How properties are run: a fixed seed, so that a failure is the same everywhere and fast-check's report of it can be replayed. */
import fc from 'fast-check'
import { Random } from './random.js'

export const SEED = 20_250_117

/** Checks `runs` drawn examples; a failure reports the seed, the path and the smallest example found. */
export async function forAll(check: (random: Random) => void | Promise<void>, runs: number): Promise<void> {
  await fc.assert(fc.asyncProperty(fc.gen(), async (draw) => check(new Random(draw))), { seed: SEED, numRuns: runs })
}
