/**
 * Kills an audit with SIGKILL, its whole process group at once, at random moments, and resumes it: the report must be byte-identical to that of an
 * undisturbed audit outside `run`, whatever was stored must not be computed again, no child may live on, and no report may appear before it is whole.
 *
 * npm run kill-test -- [--runs 200] [--seed 1] [--config examples/mortgage/probity.config.yaml]
 *
 * Prints one line of JSON with the totals; ends with 1 at the first difference.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' }, config: { type: 'string', default: 'examples/mortgage/probity.config.yaml' } } })
const [runs, seed, config] = [Number(values.runs), Number(values.seed), resolve(values.config)]
const MAIN = resolve(import.meta.dirname, '../dist/src/cli/main.js')
/** How often one audit is killed before it may end: later blocks are reached by audits that resumed already. */
const KILLS_PER_AUDIT = 3
const ORPHAN_LIMIT_MS = 5000

const home = mkdtempSync(join(tmpdir(), 'kill-test-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

const audit = (name) => {
  const env = { ...process.env, CI: '', NO_COLOR: '1', TMPDIR: home, XDG_CONFIG_HOME: join(home, 'config') }
  const child = spawn(process.execPath, [MAIN, 'audit', config, '--format', 'json', '--exit-zero', '--out', join(home, name, 'report'), '--cache', join(home, name, 'cache')], { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  return { child, ended: new Promise((done) => child.on('close', (code, signal) => done({ code, signal, said }))) }
}
const reportOf = (name) => JSON.parse(readFileSync(join(home, name, 'report/report.json'), 'utf8'))
const withoutRun = (report) => JSON.stringify({ ...report, run: null })
/** Stored blocks: every entry but the record of the settings, which comes first. */
const stored = (name) => (existsSync(join(home, name, 'cache')) ? Math.max(0, readdirSync(join(home, name, 'cache'), { recursive: true }).filter((file) => file.endsWith('.part')).length - 1) : 0)
const sleep = (durationMs) => new Promise((done) => setTimeout(done, durationMs))

function fail(why) {
  process.stderr.write(`${why}\n`)
  process.exit(1)
}

/** Mulberry32: the moments must be the same for the same seed, nothing more. */
function randomNumbers(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const orphans = () => readdirSync('/proc').filter((pid) => {
  try {
    return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`TMPDIR=${home}`)
  } catch {
    return false
  }
})
async function awaitNoOrphans() {
  if (process.platform !== 'linux') return
  for (const since = Date.now(); orphans().length > 0; await sleep(20)) if (Date.now() - since > ORPHAN_LIMIT_MS) fail(`Processes live on: ${orphans().join(' ')}`)
}

const before = performance.now()
const undisturbed = await audit('undisturbed').ended
const durationMs = performance.now() - before
if (undisturbed.code !== 0) fail(undisturbed.said)
const reference = reportOf('undisturbed')
// Some blocks are read twice in one audit, so that even the undisturbed one reuses.
const { computed: total, reused: reusedAnyway } = reference.run.artifacts

const random = randomNumbers(seed)
const totals = { test: 'kill', config: values.config, seed, kills: 0, audits: 0, endedBeforeKill: 0, blocks: total, killedWith: [], computedAgain: 0 }
for (let n = 0; totals.kills < runs; n++) {
  const name = `audit-${n}`
  let kept = 0
  for (let kill = 0; kill < KILLS_PER_AUDIT && totals.kills < runs; kill++) {
    const { child, ended } = audit(name)
    await Promise.race([sleep(random() * durationMs), ended])
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It ended first.
    }
    const { signal, code, said } = await ended
    await awaitNoOrphans()
    if (signal !== 'SIGKILL') {
      if (code !== 0) fail(said)
      totals.endedBeforeKill++
      break
    }
    totals.kills++
    if (existsSync(join(home, name, 'report/report.json'))) JSON.parse(readFileSync(join(home, name, 'report/report.json'), 'utf8'))
    if (stored(name) < kept) fail(`${name}: stored blocks went from ${kept} to ${stored(name)}`)
    kept = stored(name)
    totals.killedWith.push(kept)
  }
  kept = stored(name)
  const { code, said } = await audit(name).ended
  if (code !== 0 || said !== '') fail(`${name}: ${code} ${said}`)
  await awaitNoOrphans()
  const resumed = reportOf(name)
  if (withoutRun(resumed) !== withoutRun(reference)) fail(`${name}: the resumed report differs`)
  const { computed, reused } = resumed.run.artifacts
  totals.computedAgain += Math.max(0, computed + kept - total)
  if (reused !== kept + reusedAnyway || computed !== total - kept) fail(`${name}: ${kept} of ${total} blocks were stored, ${reused} reused, ${computed} computed`)
  totals.audits++
  rmSync(join(home, name), { recursive: true })
  for (const left of readdirSync(home)) if (left.startsWith('probity-')) rmSync(join(home, left), { recursive: true })
  process.stderr.write(`${totals.kills} kills, ${totals.audits} audits resumed\n`)
}
process.stdout.write(`${JSON.stringify({ ...totals, killedWith: [...new Set(totals.killedWith)].sort((a, b) => a - b) })}\n`)
