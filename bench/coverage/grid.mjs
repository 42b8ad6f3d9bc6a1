/** @file The configurations of the landing conditions: K = 2–16 groups, 30–1,000 rows per denominator, rates down to 1 %. */

export const SIZES = [30, 40, 60, 100, 200, 400, 1000]
export const RATES = [0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99]
const GAPS = [0.02, 0.05, 0.1, 0.2, 0.3]
const RATIOS = [0.5, 0.7, 0.8, 0.9, 0.95]

/** Pairs of rates at every gap or ratio that is a usual limit, and at equality. */
export function ratePairs(scale) {
  const pairs = RATES.map((rate) => [rate, rate])
  for (const rate of RATES) {
    for (const value of scale === 'difference' ? GAPS : RATIOS) {
      const other = scale === 'difference' ? rate + value : rate * value
      if (other >= 0.01 && other <= 0.99) pairs.push([rate, other], [other, rate])
    }
  }
  return pairs
}

/** Unequal sizes: from 30 to 1,000 in equal steps of the logarithm. */
const spread = (k) => Array.from({ length: k }, (_, i) => Math.round(30 * (1000 / 30) ** (k === 1 ? 0 : i / (k - 1))))
const sizesOf = { 'all 30': (k) => new Array(k).fill(30), 'all 100': (k) => new Array(k).fill(100), 'all 1000': (k) => new Array(k).fill(1000), '30 to 1000': spread, '1000 to 30': (k) => spread(k).reverse(), 'one of 1000, others 30': (k) => [1000, ...new Array(k - 1).fill(30)] }
const shapes = {
  'one apart': (k, low, high) => [high, ...new Array(k - 1).fill(low)],
  'one below': (k, low, high) => [low, ...new Array(k - 1).fill(high)],
  halves: (k, low, high) => Array.from({ length: k }, (_, i) => (i % 2 ? low : high)),
  steps: (k, low, high) => Array.from({ length: k }, (_, i) => low + ((high - low) * i) / (k - 1)),
}

/** One configuration per groups × sizes × base rate × distance × shape. */
export function configurations(scale, groups) {
  const list = []
  for (const k of groups) {
    for (const [sizes, sizesFor] of Object.entries(sizesOf)) {
      for (const base of [0.01, 0.05, 0.2, 0.5, 0.8, 0.95]) {
        for (const distance of scale === 'difference' ? [0, 0.05, 0.1, 0.2] : [1, 0.95, 0.8, 0.5]) {
          const other = scale === 'difference' ? base + distance : base * distance
          if (other < 0.01 || other > 0.99) continue
          const same = base === other
          for (const [shape, ratesFor] of Object.entries(shapes)) {
            if (same && shape !== 'steps') continue
            const rates = ratesFor(k, Math.min(base, other), Math.max(base, other))
            list.push({ k, sizes, base, distance, shape, cells: sizesFor(k).map((trials, i) => ({ trials, rate: rates[i] })) })
          }
        }
      }
    }
  }
  return list
}
