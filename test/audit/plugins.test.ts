import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { checkAudits } from '../../src/audit/checks.js'
import { loadPlugins } from '../../src/audit/plugins.js'
import { metrics } from '../../metrics/index.js'

const FIXTURES = fileURLToPath(new URL('../fixtures/plugins', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'probity-plugins-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let written = 0
function plugin(source: string): string {
  const name = `./plugin-${++written}.mjs`
  writeFileSync(join(folder, name), source)
  return name
}
const load = (...names: string[]) => loadPlugins(names, folder, metrics)
const METRIC = `{ id: 'own/metric', title: 't', question: 'q', formula: 'f', meaning: 'm', range: [0, 1], ideal: 1, unit: 'share', direction: 'none', references: [], limits: [],
  per: 'audit', needsDirection: false, judged: true, parameters: {}, needs: [], requires: () => ({}), evaluate: () => ({ value: 1, n: 1 }) }`
const GATHERER = `{ kind: 'own-kind', dependsOn() {}, plan() {}, gather() {}, combine() {} }`

describe('plugins', () => {
  it('bring metrics and gatherers, with the url and the content hash of their file', async () => {
    const loaded = await loadPlugins(['./feature-range.mjs'], FIXTURES, metrics)
    expect(loaded.metrics.map(({ id }) => id)).toEqual(['example/score-range'])
    expect(loaded.gatherers.map(({ kind }) => kind)).toEqual(['raw-answers'])
    expect(loaded.urls.map((url) => fileURLToPath(url))).toEqual([join(FIXTURES, 'feature-range.mjs')])
    expect(loaded.hashes).toEqual([createHash('sha256').update(readFileSync(join(FIXTURES, 'feature-range.mjs'))).digest('hex')])
  })
  it('may be none', async () => {
    expect(await load()).toEqual({ metrics: [], gatherers: [], urls: [], hashes: [], confined: true })
  })
  it('keep their order', async () => {
    const loaded = await load(plugin(`export default { metrics: [${METRIC}] }`), plugin(`export default { gatherers: [${GATHERER}] }`))
    expect([loaded.metrics[0].id, loaded.gatherers[0].kind, loaded.hashes.length]).toEqual(['own/metric', 'own-kind', 2])
  })

  it.each([
    ['a file that is not there', './nowhere.mjs', /^Plugin \.\/nowhere\.mjs could not be loaded: .*start with "\.\/"\.$/],
    ['a package that is not there', 'no-such-plugin', /^Plugin no-such-plugin could not be loaded: /],
    ['a module that throws', () => plugin(`throw new Error('first\\nsecond')`), /could not be loaded: first second\./],
    ['nothing', () => plugin('export const metrics = []'), /brings nothing: its default export must be/],
    ['something else than a list', () => plugin('export default { metrics: {} }'), /brings nothing/],
    ['a default export of null', () => plugin('export default null'), /brings nothing/],
    ['a metric without evaluate', () => plugin(`export default { metrics: [{ ...${METRIC}, evaluate: undefined }] }`), /metric own\/metric lacks evaluate, or has it in another form\. Make metrics with defineMetric/],
    ['a metric that is no object', () => plugin('export default { metrics: [null] }'), /metric 1 lacks id/],
    ['an id without category', () => plugin(`export default { metrics: [{ ...${METRIC}, id: 'metric' }] }`), /metric metric lacks id/],
    ['a range of one end', () => plugin(`export default { metrics: [{ ...${METRIC}, range: [0] }] }`), /lacks range/],
    ['a gatherer without combine', () => plugin(`export default { gatherers: [{ ...${GATHERER}, combine: 1 }] }`), /gatherer 1 lacks combine/],
    ["an id of Probity's", () => plugin(`export default { metrics: [{ ...${METRIC}, id: 'robustness/pgd' }] }`), /brings robustness\/pgd, which Probity brings already.*Rename it/],
    ["a kind of Probity's", () => plugin(`export default { gatherers: [{ ...${GATHERER}, kind: 'predictions' }] }`), /brings predictions, which Probity brings already/],
    ['the same metric twice', () => plugin(`export default { metrics: [${METRIC}, ${METRIC}] }`), /own\/metric, which plugin \.\/plugin-\d+\.mjs brings already/],
  ] as const)('with %s are refused in one line', async (_, name, message) => {
    await expect(load(typeof name === 'string' ? name : name())).rejects.toMatchObject({ name: 'ProbityError', message: expect.stringMatching(message) as unknown })
  })

  it('whose parameters are no schema are named', async () => {
    const loaded = await load(plugin(`export default { metrics: [{ ...${METRIC}, parameters: { type: 'objekt' } }] }`))
    expect(() => checkAudits({ data: { path: 'd' }, audits: { 'own/metric': true } }, loaded.metrics)).toThrow(/The parameters of own\/metric are no JSON Schema: .*Correct the plugin/)
  })
})
