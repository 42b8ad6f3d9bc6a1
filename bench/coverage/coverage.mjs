/**
 * @file Runs the whole grid and appends one line per family to bench/results/coverage.jsonl. Needs a build: `npm run build`, then
 * `node bench/coverage/coverage.mjs [replications] [dist folder]`. Ends with 1 when a landing condition is broken.
 */
import { appendFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'
import { configurations, ratePairs, SIZES } from './grid.mjs'
import { enumerateTwoGroups, remembered, simulateGroups } from './simulate.mjs'

const replications = Number(process.argv[2] ?? 2000)
const dist = pathToFileURL(resolve(process.argv[3] ?? new URL('../../dist', import.meta.url).pathname)).href
const load = (path) => import(`${dist}/src/${path}`)
const statistics = { ...(await load('statistics/extremes.js')), ...(await load('statistics/proportions.js')), ...(await load('statistics/beta.js')), ...(await load('tensor/random.js')) }
const exact = remembered(statistics)
const seed = 20_260_101

/** Landing conditions. */
const SMALLEST_COVERAGE = 0.93
const LARGEST_ERROR = 0.025
let broken = 0

/** The worst of many configurations is partly chance: what looks worse than allowed is simulated again, with fresh numbers and ten times as long. */
function simulate(scale, cells, what) {
  const first = simulateGroups(statistics, scale, cells, { replications, seed, purpose: `${scale} ${what}`, exact })
  const suspect = first.miss > 1 - SMALLEST_COVERAGE || first.falseFail > LARGEST_ERROR || first.falsePass > LARGEST_ERROR
  return { ...(suspect ? simulateGroups(statistics, scale, cells, { replications: 10 * replications, seed, purpose: `again ${scale} ${what}`, exact }) : first), what }
}

function record(family, results, { simulated }) {
  const tolerance = (share) => (simulated ? 3 * Math.sqrt((share * (1 - share)) / (10 * replications)) : 1e-9)
  const worst = (key) => results.reduce((max, each) => (each[key] > max[key] ? each : max))
  const over = (key, limit) => results.filter((each) => each[key] > limit + tolerance(limit)).length
  const violations = over('miss', 1 - SMALLEST_COVERAGE) + over('falseFail', LARGEST_ERROR) + over('falsePass', LARGEST_ERROR)
  broken += violations
  const line = {
    family, configurations: results.length, ...(simulated ? { replications, seed } : { method: 'enumeration' }),
    smallestCoverage: 1 - worst('miss').miss, at: worst('miss').what,
    largestFalseFail: worst('falseFail').falseFail, falseFailAt: worst('falseFail').what,
    largestFalsePass: worst('falsePass').falsePass, falsePassAt: worst('falsePass').what,
    violations, node: process.version,
  }
  appendFileSync(new URL('../results/coverage.jsonl', import.meta.url), `${JSON.stringify(line)}\n`)
  console.log(line)
}

for (const scale of ['difference', 'ratio']) {
  const pairs = ratePairs(scale)
  const results = SIZES.flatMap((n, i) => SIZES.slice(i).flatMap((m) =>
    enumerateTwoGroups(statistics, scale, [n, m], pairs).map((each) => ({ ...each, what: `n ${n} and ${m}, rates ${each.rates.map((rate) => rate.toFixed(3)).join(' and ')}` }))))
  record(`${scale}, 2 groups`, results, { simulated: false })
}

const describe = ({ k, sizes, base, distance, shape }) => `K ${k}, ${sizes}, base ${base}, distance ${distance}, ${shape}`
for (const scale of ['difference', 'ratio']) {
  for (const k of [3, 4, 8, 16]) {
    const results = configurations(scale, [k]).map((each) => simulate(scale, [each.cells], describe(each)))
    record(`${scale}, ${k} groups`, results, { simulated: true })
  }
  // Equalized odds: a second rate with its own cells, at half the distance, so that the first one sets the truth.
  const odds = configurations(scale, [2, 4]).map((each) => {
    const middle = (cell) => ({ ...cell, rate: scale === 'difference' ? 0.3 + each.distance * 0.25 * (cell === each.cells[0] ? 1 : -1) : cell === each.cells[0] ? 0.3 : 0.3 * Math.sqrt(each.distance) })
    return simulate(scale, [each.cells, each.cells.map(middle)], `odds, ${describe(each)}`)
  })
  record(`${scale}, equalized odds, 2 and 4 groups`, odds, { simulated: true })
}

// Audit-wide: six independent checks, each exactly at its limit. Holm's first step decides whether there is any false alarm.
const checks = 6
for (const scale of ['difference', 'ratio']) {
  const results = [[30, 30], [40, 400], [100, 100], [300, 1000]].flatMap((trials) =>
    enumerateTwoGroups(statistics, scale, trials, ratePairs(scale), checks).map((each) => ({ ...each, falseFail: 1 - (1 - each.falseFail) ** checks, what: `n ${trials.join(' and ')}, rates ${each.rates.join(' and ')}` })))
  record(`${scale}, any false FAIL among ${checks} checks`, results, { simulated: false })
}
console.log(broken === 0 ? 'All landing conditions hold.' : `${broken} configurations break a landing condition.`)
process.exitCode = broken === 0 ? 0 : 1
