/** @file Models and data that would never end, or never stop growing, end as one line and exit code 2, with nothing left behind. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixture, runCli } from './run-cli.js'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'e2e-limits-'))
  writeFileSync(join(home, 'data.csv'), 'a,b,label\n1,2,0\n3,4,1\n5,6,0\n')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const auditOf = (model: string, ...more: string[]) => runCli(['audit', '--model', model, '--data', 'data.csv', '--label', 'label', '--format', 'json', '--out', 'out', ...more], home).ended

async function refusal(model: string, ...more: string[]): Promise<{ line: string; durationMs: number }> {
  const { code, stderr, durationMs } = await auditOf(model, ...more)
  expect({ code, stderr }).toMatchObject({ code: 2 })
  expect(existsSync(join(home, 'out', 'report.json'))).toBe(false)
  expect(readdirSync(home).filter((name) => name.startsWith('probity-'))).toEqual([])
  const lines = stderr.trim().split('\n')
  expect(lines).toHaveLength(1)
  return { line: lines[0], durationMs }
}

/** Worker processes of runs whose temporary files lie under `folder`. */
function children(folder: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${folder}`) && isWorker(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'))
    } catch {
      return false
    }
  })
}

const isWorker = ([program, ...rest]: string[]): boolean => program === process.execPath && rest.some((argument) => argument.endsWith('worker/main.js'))

/** User time, from the 14th field of /proc/PID/stat, in clock ticks of 10 ms. */
const processorSeconds = (pid: number): number => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[11]) / 100

describe('an audit', { timeout: 120_000 }, () => {
  it('of an endless model ends within 45 s', async () => {
    const { line, durationMs } = await refusal(fixture('worker/endless-loop.onnx'))
    expect(line).toMatch(/Running the first rows through the model .*endless-loop\.onnx did not finish within 20 s and was stopped\. .*--timeout SECONDS/)
    expect(durationMs).toBeLessThan(45_000)
  })

  it('of an endless model ends when --timeout says', async () => {
    const { line, durationMs } = await refusal(fixture('worker/endless-loop.onnx'), '--timeout', '3')
    expect(line).toMatch(/did not finish within 3 s/)
    expect(durationMs).toBeLessThan(25_000)
  })

  it.runIf(process.platform === 'linux')('that is killed leaves no child behind, even one inside an endless native loop', async () => {
    const { child, ended } = runCli(['audit', '--model', fixture('worker/endless-loop.onnx'), '--data', 'data.csv', '--label', 'label', '--out', 'out'], home)
    // The child is in the loop once it has used more processor time than starting takes.
    await expect.poll(() => Math.max(0, ...children(home).map(processorSeconds)), { timeout: 60_000, interval: 50 }).toBeGreaterThan(2.5)
    child.kill('SIGKILL')
    await ended
    await expect.poll(() => children(home), { timeout: 2000, interval: 20 }).toEqual([])
  })

  it.runIf(process.platform === 'linux')('of a model whose memory doubles is one line about memory', async () => {
    const { line, durationMs } = await refusal(fixture('worker/exploding-concat.onnx'))
    expect(line).toMatch(/Running the first rows through the model .*exploding-concat\.onnx needs more memory than the limit of \d+ MB and was stopped/)
    expect(durationMs).toBeLessThan(30_000)
  })

  it('reads external weights from the private copy, and refuses them outside the folder', async () => {
    for (const file of ['external.onnx', 'external.weights']) copyFileSync(fixture(`engine/${file}`), join(home, file))
    writeFileSync(join(home, 'data.csv'), 'a,b,c,d,label\n1,2,3,4,0\n4,3,2,1,1\n0,0,1,0,2\n')
    expect(await auditOf('external.onnx')).toMatchObject({ code: 0, stderr: '' })
    rmSync(join(home, 'out'), { recursive: true })
    rmSync(join(home, 'external.weights'))
    expect((await refusal('external.onnx')).line).toMatch(/external\.weights: the external data file does not exist/)
    symlinkSync('/etc/passwd', join(home, 'external.weights'))
    expect((await refusal('external.onnx')).line).toMatch(/is a link to \/etc\/passwd, outside its own folder/)
  })

  it.each([
    ['', /is empty/],
    ['not a model', /model/],
    ['\u0008\u0008\u003a\u00ff\u00ff\u00ff\u00ff\u000f', /model/],
  ])('of %j is one line', async (content, message) => {
    writeFileSync(join(home, 'bad.onnx'), content, 'latin1')
    const { line } = await refusal('bad.onnx')
    expect(line).toMatch(message)
    expect(line).not.toContain('probity-')
  })
})
