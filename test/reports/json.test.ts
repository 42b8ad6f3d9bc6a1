import { expect, it } from 'vitest'
import { reporters, type Format } from '../../reports/index.js'
import { renderJson } from '../../reports/json.js'
import type { Report } from '../../src/contracts/report.js'
import { goldenReport } from '../golden/make-report.js'

/** The same document with the keys of every object in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).reverse().map(([key, item]) => [key, reversed(item)]))
}

it('gives the same bytes for the same report, however its objects were built', () => {
  expect(renderJson(reversed(goldenReport()) as Report)).toBe(renderJson(goldenReport()))
})

it.each(Object.keys(reporters) as Format[])('%s made again from report.json has the same bytes as beside the audit', (format) => {
  const report = { ...goldenReport(), results: goldenReport().results.map((result) => ({ ...result, parameters: { steps: 10, epsilon: 0.1, rows: 5 } })) }
  const again = JSON.parse(renderJson(report)) as Report
  expect(reporters[format].render(again, { showSmall: false })).toBe(reporters[format].render(report, { showSmall: false }))
})

it('keeps every field and every double', () => {
  const report = goldenReport()
  expect(JSON.parse(renderJson(report))).toEqual(report)
  const text = renderJson({ ...report, seed: 0.1 + 0.2 })
  expect(JSON.parse(text).seed).toBe(0.30000000000000004)
  expect(text.endsWith('}\n')).toBe(true)
})

it('keeps a column that is named __proto__', () => {
  const text = renderJson({ ...goldenReport(), config: JSON.parse('{"__proto__":{"a":1}}') })
  expect(text).toContain('"__proto__": {')
})

it.each([NaN, Infinity, -Infinity])('refuses %s, naming the place', (value) => {
  const report = goldenReport()
  const results = report.results.map((each, index) => (index === 2 ? { ...each, value } : each))
  expect(() => renderJson({ ...report, results })).toThrow(/\/results\/2\/value is/)
})
