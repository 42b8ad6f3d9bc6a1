/** @file Changes that know nothing of a format: the last word on every input, and all there is for what no mutator understands. */
import { BYTES, INTEGERS, NAMES, NUMBERS } from '../tokens.mjs'

const LARGEST = 1 << 20

/** One to four changes at random places; sometimes the other half is another seed's. */
export function mutateBytes(bytes, { pick, one, chance }, seeds = [bytes]) {
  let mutated = Buffer.from(bytes)
  for (let edits = 1 + pick(4); edits > 0; edits--) {
    const at = pick(mutated.length + 1)
    const piece = mutated.subarray(at, at + 1 + pick(16))
    const insert = (...added) => (mutated = Buffer.concat([mutated.subarray(0, at), ...added, mutated.subarray(at)]))
    const change = pick(10)
    if (change === 0 && at < mutated.length) mutated[at] ^= 1 << pick(8)
    else if (change === 1) insert(Buffer.from([pick(256), pick(256)]))
    else if (change === 2) mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + piece.length)])
    else if (change === 3) insert(...Array(1 + pick(chance(0.05) ? 5000 : 20)).fill(piece))
    else if (change === 4 && chance(0.3)) mutated = mutated.subarray(0, at)
    else if (change === 5) insert(one(BYTES))
    else if (change === 6) insert(Buffer.from(chance(0.5) ? one(NAMES) : one(NUMBERS)))
    else if (change === 7) writeInteger(mutated, at, one(INTEGERS), one([1, 2, 4, 8]))
    else if (change === 8) {
      const other = one(seeds)
      const from = pick(other.length)
      insert(other.subarray(from, from + 1 + pick(200)))
    } else if (change === 9 && chance(0.2)) mutated = Buffer.concat([mutated.subarray(0, at), one(seeds).subarray(at)])
  }
  return mutated.subarray(0, LARGEST)
}

function writeInteger(bytes, at, value, width) {
  if (at + width > bytes.length) return
  const bits = BigInt.asUintN(width * 8, value)
  for (let i = 0; i < width; i++) bytes[at + i] = Number((bits >> BigInt(8 * i)) & 255n)
}
