/** @file TensorFlow's files that are refused before TensorFlow.js or TensorFlow sees them. */
import { describe, expect, it } from 'vitest'
import { checkModel } from '../../../src/worker/check-model.js'
import { refusalOf } from './refusal.js'
import { HONEST, HONEST_SAVED_MODEL, MODEL_JSON, SAVED_MODELS } from './tensorflow-files.js'

const MOST_MS = 10_000
const check = (bytes: Uint8Array, original: string) => checkModel(bytes, { original, maxMemoryBytes: 4 * 2 ** 30, memory: 'normal' })

function refused(original: string, make: () => Uint8Array, says: RegExp): void {
  const bytes = make()
  const before = process.cpuUsage()
  expect(refusalOf(() => check(bytes, original))).toMatch(says)
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(MOST_MS)
}

describe('model.json with', { timeout: 60_000 }, () => {
  it.each(Object.entries(MODEL_JSON))('%s', (_, [make, says]) => refused('model.json', make, says))
  it('nothing wrong passes', () => expect(check(Buffer.from(JSON.stringify(HONEST)), 'model.json')).toMatchObject({ locations: ['w.bin'], blockRows: 256 }))
  it('anything leaves the prototypes of all objects alone', () => {
    refused('model.json', ...MODEL_JSON['a prototype among the settings'])
    expect(({} as { units?: number }).units).toBeUndefined()
  })
})

describe('saved_model.pb with', { timeout: 60_000 }, () => {
  it.each(Object.entries(SAVED_MODELS))('%s', (_, [make, says]) => refused('m/saved_model.pb', make, says))
  it('nothing wrong passes', () => expect(check(HONEST_SAVED_MODEL, 'm/saved_model.pb')).toMatchObject({ locations: [], blockRows: 256 }))
})
