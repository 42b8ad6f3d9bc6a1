/** @file An audit that is killed at any point resumes, and comes to the same report. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/contracts/report.js'
import { randomStream } from '../../src/tensor/random.js'
import { fixture, runCli, type CliRun } from './run-cli.js'

let home: string
let reference: Report

const start = (name: string, cache: string, more: readonly string[] = []): CliRun =>
  runCli(
    [
      'audit', '--model', fixture('models/hmda-mlp.onnx'), '--data', fixture('data/hmda-test.csv'), '--label', 'denied', '--positive', '1', '--favorable', '0',
      '--sensitive', 'black', '--format', 'json', '--out', join(home, name), '--cache', join(home, cache), ...more,
    ],
    home,
  )
const reportOf = (name: string): Report => JSON.parse(readFileSync(join(home, name, 'report.json'), 'utf8')) as Report
const withoutRun = (report: Report): string => JSON.stringify({ ...report, run: null })
/** Blocks that are stored: every entry but the record of the settings, which is written before the first. */
const entries = (cache: string): number => (existsSync(join(home, cache)) ? Math.max(0, readdirSync(join(home, cache), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.part')).length - 1) : 0)

const KILLS = 10
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'e2e-resume-'))
  const { code, stderr } = await start('reference', 'cache-reference').ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  reference = reportOf('reference')
}, 240_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('an audit', { timeout: 240_000 }, () => {
  it('takes many blocks, so that there is something to resume', () => {
    expect(reference.run.artifacts.reused).toBe(0)
    expect(reference.run.artifacts.computed).toBeGreaterThan(8)
  })

  it.each([0, 1, 4, 8])('that is killed once %i blocks are stored resumes to the same report', async (blocks) => {
    const [cache, name] = [`cache-${blocks}`, `killed-${blocks}`]
    const first = start(name, cache)
    if (blocks === 0) await new Promise((resolve) => setTimeout(resolve, 300))
    else await expect.poll(() => entries(cache), { timeout: 120_000, interval: 5 }).toBeGreaterThanOrEqual(blocks)
    first.child.kill('SIGKILL')
    expect((await first.ended).signal).toBe('SIGKILL')
    expect(existsSync(join(home, name, 'report.json'))).toBe(false)
    const kept = entries(cache)
    expect(kept).toBeLessThan(reference.run.artifacts.computed)

    expect((await start(name, cache).ended).code).toBe(0)
    const resumed = reportOf(name)
    expect(resumed.run.artifacts).toEqual({ computed: reference.run.artifacts.computed - kept, reused: kept })
    expect(withoutRun(resumed)).toBe(withoutRun(reference))
  })

  it('that is killed at random moments, again and again, loses nothing that was stored', async () => {
    const random = randomStream(2026, 'kills')
    let [cache, kept] = ['cache-random-0', 0]
    for (let kill = 0; kill < KILLS; kill++) {
      const run = start('random', cache)
      const timer = setTimeout(() => run.child.kill('SIGKILL'), random(kill, 0) * reference.run.durationMs)
      const { signal, code, stderr } = await run.ended
      clearTimeout(timer)
      expect({ signal, code, stderr }).toEqual(signal === null ? { signal: null, code: 0, stderr: '' } : { signal: 'SIGKILL', code: null, stderr: '' })
      expect(entries(cache)).toBeGreaterThanOrEqual(kept)
      kept = entries(cache)
      // It ended before its moment came: the next one starts anew.
      if (signal === null) [cache, kept] = [`cache-random-${kill + 1}`, 0]
    }
    expect((await start('random', cache).ended).code).toBe(0)
    expect(reportOf('random').run.artifacts).toEqual({ computed: reference.run.artifacts.computed - kept, reused: kept })
    expect(withoutRun(reportOf('random'))).toBe(withoutRun(reference))
  })

  it('computes nothing when nothing changed', async () => {
    expect((await start('again', 'cache-reference').ended).code).toBe(0)
    expect(reportOf('again').run.artifacts).toEqual({ computed: 0, reused: reference.run.artifacts.computed })
    expect(withoutRun(reportOf('again'))).toBe(withoutRun(reference))
  })

  it('knows the previous audit of the same data, and says what changed since, without a trace outside run', async () => {
    const { previous, changes } = reportOf('again').run.changedSincePreviousAudit ?? { previous: null, changes: null }
    expect({ previous, changes }).toEqual({ previous: { startedAt: expect.any(String) as string, configSha256: reference.configSha256 }, changes: [] })
    expect(reference.run.changedSincePreviousAudit).toEqual({ previous: null, changes: [] })
    const { code, stdout } = await start('reseeded', 'cache-reference', ['--seed', '1']).ended
    expect(code).toBe(0)
    expect(stdout).toContain('Changed since the previous audit of these data: seed: 0 → 1.')
    expect(reportOf('reseeded').run.changedSincePreviousAudit?.changes).toEqual([{ setting: 'seed', previous: '0', now: '1' }])
    expect((await start('again', 'cache-reference').ended).code).toBe(0)
    expect(reportOf('again').run.changedSincePreviousAudit?.changes).toEqual([{ setting: 'seed', previous: '1', now: '0' }])
    expect(withoutRun(reportOf('again'))).toBe(withoutRun(reference))
  })

  it('stops at once on Ctrl-C with 130, and resumes', async () => {
    const first = start('interrupted', 'cache-interrupted')
    await expect.poll(() => entries('cache-interrupted'), { timeout: 120_000, interval: 5 }).toBeGreaterThanOrEqual(3)
    const before = performance.now()
    first.child.kill('SIGINT')
    const { code, signal } = await first.ended
    expect({ code, signal }).toEqual({ code: 130, signal: null })
    expect(performance.now() - before).toBeLessThan(5000)
    const kept = entries('cache-interrupted')
    expect((await start('interrupted', 'cache-interrupted').ended).code).toBe(0)
    expect(reportOf('interrupted').run.artifacts.reused).toBe(kept)
    expect(withoutRun(reportOf('interrupted'))).toBe(withoutRun(reference))
  })
})
