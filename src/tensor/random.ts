/**
 * @file Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A draw depends on (seed, stream, row, draw) alone, so results do not change with workers, blocks or order.
 */

const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85

/** One Philox4x32-10 block: four 32-bit words from a 128-bit counter and a 64-bit key. */
export function philox4x32(counter: readonly [number, number, number, number], key: readonly [number, number]): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0), high1 = multiplyHigh(M1, c2)
    const low0 = Math.imul(M0, c0), low1 = Math.imul(M1, c2)
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c1 = low1 >>> 0
    c3 = low0 >>> 0
    k0 = (k0 + W0) >>> 0
    k1 = (k1 + W1) >>> 0
  }
  return [c0, c1, c2, c3]
}

/** The upper 32 bits of a 32 × 32 bit product, in pieces that doubles hold exactly. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16, aLow = a & 0xffff, bHigh = b >>> 16, bLow = b & 0xffff
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const cross = aLow * bHigh + (middle % 65536)
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0
}

/** Uniform numbers in [0, 1) with 53 bits, addressed by row and draw. */
export type RandomStream = (row: number, draw: number) => number

/** A stream keyed by the seed and by what the numbers are for. */
export function randomStream(seed: number, purpose: string): RandomStream {
  const key: [number, number] = [seed >>> 0, hash(purpose) ^ (Math.floor(seed / 2 ** 32) >>> 0)]
  return (row, draw) => {
    const [a, b] = philox4x32([row >>> 0, Math.floor(row / 2 ** 32) >>> 0, draw >>> 0, Math.floor(draw / 2 ** 32) >>> 0], [key[0], key[1] >>> 0])
    return ((a >>> 5) * 67108864 + (b >>> 6)) / 9007199254740992
  }
}

/** `count` of `population` row numbers without replacement, ascending: those with the smallest random keys. */
export function sampleRows(population: readonly number[], count: number, stream: RandomStream): number[] {
  if (count >= population.length) return [...population]
  return population
    .map((row) => ({ row, key: stream(row, 0) }))
    .sort((a, b) => a.key - b.key || a.row - b.row)
    .slice(0, count)
    .map(({ row }) => row)
    .sort((a, b) => a - b)
}

/** FNV-1a, 32 bits, over UTF-16 code units. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
