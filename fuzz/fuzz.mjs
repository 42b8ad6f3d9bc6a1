/**
 * @file Feeds hostile files to every loader and holds what happens against oracle.mjs. Inputs are made by structure from small seeds. The cases run in
 * child processes under a deadline and a memory limit, so that hangs, native crashes and exhausted heaps are found, known by their input, and survived.
 *
 *   npm run fuzz -- [loader …] [--runs 10000] [--seed 0] [--from 0] [--record]
 *   npm run fuzz -- corpus             runs every file of test/hostile/corpus
 *   npm run fuzz -- gradients          mutates graphs and differentiates them
 *   npm run fuzz -- csv --file x.csv   runs one file and says what happens
 *
 * One JSON line per loader. Inputs that fail are kept under fuzz/findings.
 */
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { choices } from './choice.mjs'
import { fuzzGradients } from './gradients.mjs'
import { LOADERS } from './loaders/index.mjs'
import { supervise } from './supervise.mjs'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string', default: '0' }, from: { type: 'string', default: '0' }, file: { type: 'string' }, record: { type: 'boolean', default: false } },
})
const [runs, seed, from] = [Number(options.runs), Number(options.seed), Number(options.from)]
const corpusFolder = fileURLToPath(new URL('../test/hostile/corpus/', import.meta.url))
const findingsFolder = fileURLToPath(new URL('findings/', import.meta.url))
/** Of each fault, seen by its text without numbers and names. */
const KEPT_PER_FAULT = 2
/** A child that has run this many cases makes way for a fresh one: libraries leak a little. */
const CASES_PER_CHILD = 25_000

const faultKey = (problem) => problem.slice(0, 400).replace(/"[^"]*"/g, '"…"').replace(/\d+/g, '#').split('\n').slice(0, 2).join(' ')

/** @returns the line of totals */
async function fuzz(name, { runs, seed, from, corpus = null }) {
  // Memory, where there is such a folder: the cases are written to files by the hundred thousand.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `probity-fuzz-${name}-`))
  const started = performance.now()
  const totals = { loader: name, seed, from, cases: 0, accepted: 0, refused: {}, deaths: 0, hangs: 0, findings: 0, faults: {} }
  const loader = await LOADERS[name]()
  const report = ({ run, problem }) => {
    totals.findings++
    const key = faultKey(problem)
    totals.faults[key] = (totals.faults[key] ?? 0) + 1
    if (totals.faults[key] > KEPT_PER_FAULT) return
    const kept = corpus ? join(corpus, readdirSync(corpus).sort()[run]) : join(findingsFolder, name, `${seed}-${run}.${loader.extension}`)
    if (!corpus) {
      mkdirSync(join(findingsFolder, name), { recursive: true })
      writeFileSync(kept, loader.mutate(choices(seed, name)(run)))
    }
    console.error(`${name}, seed ${seed}, run ${run}: ${problem}\n  input: ${kept}`)
  }
  const last = corpus ? readdirSync(corpus).length : from + runs
  for (let next = corpus ? 0 : from; next < last; ) {
    const result = await supervise({ loader: name, seed, from: next, to: Math.min(last, next + CASES_PER_CHILD), corpus, folder }, { freeToSpawn: loader.spawns ?? false, onFinding: report })
    totals.cases += result.next - next
    totals.accepted += result.accepted
    for (const [code, count] of Object.entries(result.refused)) totals.refused[code] = (totals.refused[code] ?? 0) + count
    if (result.ending === 'hang') totals.hangs++
    if (result.ending === 'death') totals.deaths++
    next = result.next
  }
  const left = readdirSync(folder, { recursive: true }).filter((file) => !loader.files.some((known) => `${file}`.startsWith(known)) && file !== 'progress')
  if (left.length > 0) report({ run: from, problem: `left files behind: ${left.slice(0, 5).join(', ')}` })
  rmSync(folder, { recursive: true })
  const seconds = (performance.now() - started) / 1000
  return { ...totals, seconds: Math.round(seconds), casesPerSecond: Math.round(totals.cases / seconds) }
}

async function oneFile(name, file) {
  const folder = mkdtempSync(join(tmpdir(), 'probity-fuzz-file-'))
  copyFileSync(file, join(folder, 'input'))
  try {
    return await fuzz(name, { runs: 1, seed, from: 0, corpus: folder })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

let findings = 0
const finish = (totals) => {
  findings += totals.findings
  const line = JSON.stringify(totals)
  console.log(line)
  if (options.record) appendFileSync(new URL('results.jsonl', import.meta.url), `${JSON.stringify({ on: new Date().toISOString().slice(0, 10), node: process.version, ...totals })}\n`)
}

if (positionals[0] === 'corpus') {
  for (const name of readdirSync(corpusFolder).sort()) finish(await fuzz(name, { runs: 0, seed: 0, from: 0, corpus: join(corpusFolder, name) }))
} else if (options.file !== undefined) {
  finish(await oneFile(positionals[0], options.file))
} else {
  for (const name of positionals.length > 0 ? positionals : [...Object.keys(LOADERS), 'gradients']) {
    if (name === 'gradients') {
      const failed = await fuzzGradients(runs, seed)
      finish({ loader: 'gradients', seed, cases: runs, findings: failed })
    } else if (Object.hasOwn(LOADERS, name)) finish(await fuzz(name, { runs, seed, from }))
    else throw new Error(`There is no loader "${name}". There are: ${Object.keys(LOADERS).join(', ')}, gradients, corpus.`)
  }
}
process.exitCode = findings === 0 ? 0 : 1
