/** @file Draws of one case: a function of seed, loader and run alone, so that every case can be made again from three words. */
import { randomStream } from '../dist/src/tensor/random.js'

/** @returns choices for each run of one loader */
export function choices(seed, loader) {
  const random = randomStream(seed, `fuzz/${loader}`)
  return (run) => {
    let draw = 0
    const pick = (n) => Math.floor(random(run, draw++) * n)
    return { pick, one: (list) => list[pick(list.length)], chance: (share) => random(run, draw++) < share }
  }
}
