import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, it } from 'vitest'
import { reportSchema } from '../../src/contracts/report-schema.js'
import { validateReport } from '../../src/contracts/validate-report.js'
import { goldenReport } from '../golden/make-report.js'

type Json = Record<string, unknown>

/** The golden report with one place changed: a path of keys, and what stands there. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(goldenReport()) as unknown as Json
  let place = copy
  for (const key of path.slice(0, -1)) place = place[key] as Json
  const last = path[path.length - 1] ?? ''
  if (value === undefined) delete place[last]
  else place[last] = value
  return copy
}

it('compiles in strict mode, so that no keyword is misspelled', () => {
  const ajv = new Ajv2020({ strict: true, discriminator: true })
  addFormats.default(ajv)
  expect(ajv.compile(reportSchema)(goldenReport())).toBe(true)
  expect(ajv.validateSchema(reportSchema)).toBe(true)
})

it('accepts the golden report, and one without model, label and performance', () => {
  validateReport(goldenReport())
  const bare = goldenReport()
  validateReport({ ...bare, model: null, performance: null, data: { ...bare.data, label: null } })
})

it.each<[string, readonly (string | number)[], unknown]>([
  ['a field too many', ['extra'], 1],
  ['a field too few', ['seed'], undefined],
  ['another schema version', ['schemaVersion'], '0.9.0'],
  ['an unknown verdict', ['verdict'], 'green'],
  ['an unknown status', ['results', 0, 'status'], 'ok'],
  ['a value that is not finite', ['results', 0, 'value'], NaN],
  ['a value that is text', ['results', 0, 'value'], '0.1'],
  ['a missing interval field', ['results', 0, 'interval', 'method'], undefined],
  ['a confidence of 1', ['results', 0, 'interval', 'confidence'], 1],
  ['an interval the wrong way round', ['results', 0, 'interval', 'low'], 0.9],
  ['a negative count', ['results', 0, 'groups', 0, 'n'], -1],
  ['half a person', ['results', 0, 'groups', 0, 'n'], 10.5],
  ['more people counted than there are', ['results', 0, 'groups', 0, 'denominator'], 5000],
  ['a p-value above 1', ['results', 0, 'decision', 'p'], 1.5],
  ['a key that is taken', ['results', 1, 'key'], 'fairness/demographic-parity-difference@black'],
  ['an id without category', ['results', 0, 'id'], 'parity'],
  ['an unknown shape of details', ['results', 7, 'details', 0, 'type'], 'pie'],
  ['a bar without a value', ['results', 7, 'details', 0, 'bars', 0, 'value'], null],
  ['a table cell that is an object', ['results', 7, 'details', 1, 'rows', 0, 'rows'], {}],
  ['a hash that is none', ['configSha256'], 'abc'],
  ['a time that is none', ['run', 'startedAt'], 'yesterday'],
  ['a link that is none', ['metrics', 'robustness/pgd', 'references', 0, 'url'], 'not a link'],
  ['a capability without its reason', ['model', 'capabilities', 'gradient'], { available: false }],
])('refuses %s', (_, path, value) => {
  expect(() => validateReport(changed(path, value))).toThrow(/^Report: .* Make the report again/)
})
