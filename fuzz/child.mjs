/**
 * @file Runs the cases of one loader. Before each it writes the case's number where the parent looks, so that whatever ends or stops this process is
 * known by its input.
 */
import { openSync, readFileSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { faultOfRefusal, watchBuiltins } from './oracle.mjs'
import { choices } from './choice.mjs'
import { LOADERS } from './loaders/index.mjs'

const GROWTH_LIMIT_MB = 512
const THOROUGH_EVERY = 64
const { loader: name, seed, from, to, corpus, folder } = JSON.parse(process.argv[2])

const loader = await LOADERS[name]()
const makeChoices = choices(seed, name)
const files = corpus ? readdirSync(corpus).sort() : []
const inputOf = (run) => (corpus ? readFileSync(join(corpus, files[run])) : loader.mutate(makeChoices(run)))
const load = await loader.open(folder)
const builtinsChanged = watchBuiltins()
const progress = openSync(join(folder, 'progress'), 'w')
const number = Buffer.alloc(8)
const say = (message) => writeSync(3, `${JSON.stringify(message)}\n`)
const totals = { accepted: 0, refused: {} }
const peakMb = () => process.resourceUsage().maxRSS / 1024

const end = corpus ? files.length : to
say({ type: 'ready', runs: end })
for (let run = from; run < end; run++) {
  number.writeDoubleLE(run)
  writeSync(progress, number, 0, 8, 0)
  const input = inputOf(run)
  const memoryBefore = peakMb()
  const cpuBefore = process.cpuUsage()
  let problem = null
  try {
    await load(input)
    totals.accepted++
  } catch (error) {
    problem = faultOfRefusal(error)
    if (problem === null) totals.refused[error.code] = (totals.refused[error.code] ?? 0) + 1
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  const tookMs = (user + system) / 1000
  if (tookMs > loader.limitMs) problem ??= `took ${Math.round(tookMs)} ms of processor time`
  const grownMb = peakMb() - memoryBefore
  if (grownMb > GROWTH_LIMIT_MB) problem ??= `took ${Math.round(grownMb)} MB of memory`
  problem ??= builtinsChanged(run % THOROUGH_EVERY === 0)
  if (problem !== null) say({ type: 'finding', run, problem: problem.slice(0, 2000) })
}
say({ type: 'done', ...totals })
process.exit(0)
