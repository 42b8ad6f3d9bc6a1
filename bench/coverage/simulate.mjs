/**
 * @file Landing conditions of the judged intervals: how often the interval shown misses the truth, and how often the rule says FAIL or
 * PASS falsely when the truth lies exactly at the limit. Two groups are enumerated, so that their figures carry no simulation error;
 * more groups are simulated with counter-based random numbers.
 *
 * `statistics` holds the project's own functions, so that tests (sources) and the bench (build) run the same code.
 */

export const LEVEL = 0.025
const ROUNDING = 1e-12

/** [n + 1] probabilities of 0 … n successes. */
export function binomial({ logGamma }, n, p) {
  if (p === 0 || p === 1) return Float64Array.from({ length: n + 1 }, (_, x) => (x === (p === 0 ? 0 : n) ? 1 : 0))
  return Float64Array.from({ length: n + 1 }, (_, x) => Math.exp(logGamma(n + 1) - logGamma(x + 1) - logGamma(n - x + 1) + x * Math.log(p) + (n - x) * Math.log1p(-p)))
}

/** Clopper–Pearson limits are asked for again and again at few levels. */
function remembered({ exactLimits }) {
  const known = new Map()
  return (proportion, level) => {
    const key = `${proportion.successes}/${proportion.trials}@${level}`
    let limits = known.get(key)
    if (!limits) known.set(key, (limits = exactLimits(proportion, level)))
    return limits
  }
}

/**
 * Every outcome of two groups of sizes `trials`, at each pair of `rates`.
 * @returns {{rates: [number, number], truth: number, miss: number, falseFail: number, falsePass: number}[]}
 */
export function enumerateTwoGroups(statistics, scale, trials, ratePairs, familySize = 1) {
  const { shownLimits, decisionLimits } = statistics
  const exact = remembered(statistics)
  const [n, m] = trials
  const shape = (n + 1) * (m + 1)
  const shownLow = new Float64Array(shape), shownHigh = new Float64Array(shape), failSide = new Float64Array(shape), passSide = new Float64Array(shape)
  const upward = scale === 'difference' // a difference fails above its limit, a ratio below
  for (let a = 0; a <= n; a++) {
    for (let b = 0; b <= m; b++) {
      const pairs = [{ first: { successes: a, trials: n }, second: { successes: b, trials: m } }]
      const shown = shownLimits(scale, pairs, LEVEL)
      const pass = decisionLimits(scale, pairs, LEVEL, exact)
      const fail = familySize === 1 ? pass : decisionLimits(scale, pairs, LEVEL / familySize, exact)
      const at = a * (m + 1) + b
      shownLow[at] = shown.low
      shownHigh[at] = shown.high
      failSide[at] = upward ? fail.low : fail.high
      passSide[at] = upward ? pass.high : pass.low
    }
  }
  return ratePairs.map((rates) => {
    const truth = upward ? Math.abs(rates[0] - rates[1]) : Math.min(rates[0] / rates[1], rates[1] / rates[0])
    const [first, second] = [binomial(statistics, n, rates[0]), binomial(statistics, m, rates[1])]
    let miss = 0, falseFail = 0, falsePass = 0
    for (let a = 0; a <= n; a++) {
      if (first[a] < 1e-12) continue
      for (let b = 0; b <= m; b++) {
        const at = a * (m + 1) + b
        const chance = first[a] * second[b]
        if (scale === 'ratio' && a === 0 && b === 0) continue // 0/0: not applicable, nothing is claimed
        if (shownLow[at] > truth + ROUNDING || shownHigh[at] < truth - ROUNDING) miss += chance
        if (upward ? failSide[at] > truth + ROUNDING : failSide[at] < truth - ROUNDING) falseFail += chance
        if (upward ? passSide[at] < truth - ROUNDING : passSide[at] > truth + ROUNDING) falsePass += chance
      }
    }
    return { rates, truth, miss, falseFail, falsePass }
  })
}

/**
 * Simulated groups. `cells` holds one list of { trials, rate } per rate that enters the extreme (two for equalized odds).
 * @returns {{truth: number, miss: number, falseFail: number, falsePass: number}}
 */
export function simulateGroups(statistics, scale, cells, { replications, seed, purpose, exact = remembered(statistics) }) {
  const { shownLimits, decisionLimits, randomStream } = statistics
  const stream = randomStream(seed, `coverage/${purpose}`)
  const upward = scale === 'difference'
  const flat = cells.flat()
  const cumulative = flat.map(({ trials, rate }) => binomial(statistics, trials, rate).map(((sum) => (p) => (sum += p))(0)))
  const truth = extremeOf(scale, cells.map((list) => list.map(({ rate }) => rate)))
  let miss = 0, falseFail = 0, falsePass = 0
  for (let replication = 0; replication < replications; replication++) {
    const drawn = flat.map(({ trials }, i) => ({ successes: draw(cumulative[i], stream(replication, i)), trials }))
    let offset = 0
    const pairs = cells.flatMap((list) => {
      const own = drawn.slice(offset, (offset += list.length))
      return own.flatMap((first, i) => own.slice(i + 1).map((second) => ({ first, second })))
    })
    if (scale === 'ratio' && pairs.every(({ first, second }) => first.successes + second.successes === 0)) continue
    const shown = shownLimits(scale, pairs, LEVEL)
    if (shown.low > truth + ROUNDING || shown.high < truth - ROUNDING) miss++
    const judged = decisionLimits(scale, pairs, LEVEL, exact)
    if (upward ? judged.low > truth + ROUNDING : judged.high < truth - ROUNDING) falseFail++
    if (upward ? judged.high < truth - ROUNDING : judged.low > truth + ROUNDING) falsePass++
  }
  return { truth, miss: miss / replications, falseFail: falseFail / replications, falsePass: falsePass / replications }
}

function extremeOf(scale, lists) {
  const each = lists.map((rates) => (scale === 'difference' ? Math.max(...rates) - Math.min(...rates) : Math.min(...rates) / Math.max(...rates)))
  return scale === 'difference' ? Math.max(...each) : Math.min(...each)
}

function draw(cumulative, uniform) {
  let low = 0, high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle] > uniform) high = middle
    else low = middle + 1
  }
  return low
}

export { remembered }
