/** @file Every input that once broke a loader, in child processes as the fuzzer runs them: refused or read, nothing else. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const fuzz = fileURLToPath(new URL('../../fuzz/fuzz.mjs', import.meta.url))
const corpus = fileURLToPath(new URL('corpus/', import.meta.url))

type Totals = { readonly loader: string; readonly cases: number; readonly findings: number; readonly faults: Readonly<Record<string, number>> }

test('what once broke a loader is refused or read', { timeout: 120_000 }, () => {
  const lines = execFileSync(process.execPath, [fuzz, 'corpus'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const totals = lines.trim().split('\n').map((line) => JSON.parse(line) as Totals)
  expect(totals.map(({ loader, cases, findings }) => ({ loader, cases, findings }))).toEqual(
    readdirSync(corpus).sort().map((loader) => ({ loader, cases: readdirSync(`${corpus}${loader}`).length, findings: 0 })),
  )
})
