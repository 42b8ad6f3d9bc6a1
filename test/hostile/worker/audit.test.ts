/** @file A metric whose child process misbehaves is an error in the report; everything else in the report is as without it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../../src/contracts/report.js'
import { fixture, runCli } from '../../e2e/run-cli.js'

const PLUGIN = fileURLToPath(new URL('./misbehaving-plugin.mjs', import.meta.url))
const WAYS = ['segfault', 'abort', 'heap', 'native-memory', 'exit-zero', 'garbage', 'flood', 'silence', 'stop-itself', 'grandchild-and-exit']
let home: string

beforeAll(() => { home = mkdtempSync(join(tmpdir(), 'hostile-audit-')) })
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function auditOf(name: string, ways: readonly string[]): Promise<{ code: number | null; stderr: string; report: Report }> {
  const config = {
    model: { path: fixture('models/hmda-logistic.onnx') },
    data: { path: fixture('data/hmda-test.csv'), label: 'denied', positive: 1, favorable: 0, sensitive: ['black'] },
    plugins: [PLUGIN],
    audits: { 'fairness/demographic-parity-ratio': {}, ...(ways.length > 0 && { 'example/misbehaviour': ways.map((how) => ({ name: how, how })) }) },
  }
  writeFileSync(join(home, `${name}.json`), JSON.stringify(config))
  const { code, stderr } = await runCli(['audit', `${name}.json`, '--format', 'json', '--out', name, '--cache', `cache-${name}`, '--timeout', '10', '--max-memory', '512'], home).ended
  expect(existsSync(join(home, name, 'report.json')), stderr).toBe(true)
  return { code, stderr, report: JSON.parse(readFileSync(join(home, name, 'report.json'), 'utf8')) as Report }
}

describe('an audit whose child processes misbehave', { timeout: 240_000 }, () => {
  it('reports an error for each, keeps every other result, and leaves nothing behind', async () => {
    const [calm, hostile] = [await auditOf('calm', []), await auditOf('hostile', WAYS)]
    expect(calm.code).toBe(0)
    expect(hostile.code).toBe(2)
    expect(hostile.report.verdict).toBe('incomplete')
    const failed = hostile.report.results.filter(({ id }) => id === 'example/misbehaviour')
    expect(failed.map(({ status, name }) => ({ status, name }))).toEqual(expect.arrayContaining(WAYS.map((name) => ({ status: 'error', name }))))
    for (const { reason } of failed) expect(reason).toMatch(/^Gathering misbehaviour of hmda-logistic\.onnx \(1 rows\)[^\n]+$/)
    const others = ({ results }: Report) => results.filter(({ category }) => category !== 'example')
    expect(others(hostile.report)).toEqual(others(calm.report))
    expect(readdirSync(home).filter((name) => /^probity-/.test(name))).toEqual([])
  })
})
