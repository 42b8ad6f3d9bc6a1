/** @file Models that are refused before any runtime sees them, in little time. */
import { describe, expect, it } from 'vitest'
import { checkModel } from '../../../src/worker/check-model.js'
import { KNOWN_SIZES } from './bombs.js'
import { LONG_NAMES } from './names.js'
import { refusalOf } from './refusal.js'
import { STRUCTURE } from './structure.js'

const LIMIT = 4 * 2 ** 30
/** Of this process, for the largest of these files; a deadline of 20 s stands behind it. */
const MOST_MS = 10_000

const check = (bytes: Uint8Array) => checkModel(bytes, { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'normal' })

function refused(make: () => Uint8Array, says: RegExp): void {
  const bytes = make()
  const before = process.cpuUsage()
  expect(refusalOf(() => check(bytes))).toMatch(says)
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(MOST_MS)
}

describe('what decoders choke on', { timeout: 60_000 }, () => {
  it.each(Object.entries(STRUCTURE))('%s', (_, [make, says]) => refused(make, says))
})

describe('bombs whose size is known', () => {
  it.each(Object.entries(KNOWN_SIZES))('%s', (_, make) => refused(make, /the limit (maxMemoryBytes|maxElements) is \d+\. .*(--max-memory|--limit maxElements=N)/))
})

describe('long names', () => {
  it.each(Object.entries(LONG_NAMES))('%s', (_, make) => refused(make, /holds a name of 10485760 bytes; the limit maxNameBytes is 4096\./))
})

describe('limits', () => {
  it('are raised and lowered by name', () => {
    const [make] = STRUCTURE['subgraphs 40 deep']
    expect(refusalOf(() => checkModel(make(), { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'normal', limits: { maxDepth: 64 } }))).not.toMatch(/maxDepth/)
    expect(refusalOf(() => checkModel(KNOWN_SIZES['Expand'](), { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'normal', limits: { maxMemoryBytes: 5 } }))).toMatch(/maxMemoryBytes is 5\./)
  })
})
