import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { measure, type Exported } from './measure-architecture.js'

const folder = new URL('../fixtures/architectures', import.meta.url).pathname
const exportedBy = (framework: string) => (existsSync(`${folder}/${framework}.json`) ? (JSON.parse(readFileSync(`${folder}/${framework}.json`, 'utf8')) as Exported[]) : [])

/** Relative to the framework's own answer in double precision: float32 throughout, or float16 weights and arithmetic, which keep three digits. */
const LIMITS = { float32: { logits: 1e-4, gradients: 1e-3, rows: 1e-4 }, float16: { logits: 1e-2, gradients: 5e-2, rows: 5e-2 } }

describe.each(['torch', 'keras'])('whole models from %s', (framework) => {
  test.each(exportedBy(framework).map((exported) => [exported.file, exported] as const))('%s: logits, gradients at the input and inside, row by row', async (_, exported) => {
    const limits = LIMITS[exported.half ? 'float16' : 'float32']
    const { logits, gradients, rows } = await measure(folder, exported)
    expect(logits, 'logits').toBeLessThan(limits.logits)
    expect(Object.keys(gradients).length).toBeGreaterThan(0)
    for (const [what, error] of Object.entries(gradients)) expect(error, what).toBeLessThan(limits.gradients)
    for (const [what, error] of Object.entries(rows)) expect(error, `rows ${what}`).toBeLessThan(limits.rows)
  })
})
