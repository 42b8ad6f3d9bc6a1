import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { audit } from '../../src/index.js'
import { cleanStore } from '../../src/artifacts/clean-store.js'
import { EXAMPLES, probity, readReport, ROOT, temporaryFolder } from './command.js'

const MODEL = join(EXAMPLES, 'mortgage/hmda-mlp.onnx')
const DATA = join(EXAMPLES, 'mortgage/hmda-test.csv')
// eslint-disable-next-line no-control-regex -- what must not reach a terminal
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/

/** 120 rows with stored predictions; nothing that needs a model. */
function storedPredictions(folder: string, sensitive = 'sex'): void {
  const rows = Array.from({ length: 120 }, (_, i) => `${i % 2},${Number(i % 3 > 0)},${Number(i % 5 > 0)}`)
  writeFileSync(join(folder, 'data.csv'), [`${sensitive},hired,guess`, ...rows].join('\n'))
}
const STORED = { data: { path: 'data.csv', label: 'hired', prediction: 'guess', positive: 1, favorable: 1, sensitive: ['sex'], rows: '0:120' }, audits: { 'fairness/demographic-parity-difference': { max: 0 } } }

describe('flags', () => {
  it('win over the configuration; every path outside run is relative', () => {
    const folder = temporaryFolder()
    storedPredictions(folder)
    writeFileSync(join(folder, 'other.csv'), readFileSync(join(folder, 'data.csv'), 'utf8').replace('hired', 'chosen'))
    writeFileSync(join(folder, 'probity.config.json'), JSON.stringify({ ...STORED, seed: 3 }))
    const { code, stdout, stderr } = probity(['audit', '--data', 'other.csv', '--label', 'chosen', '--favorable', '0', '--seed', '7', '--out', 'out', '--format', 'json', '--no-cache', 'probity.config.json'], { cwd: folder })
    const { run, ...report } = readReport(join(folder, 'out'))
    expect(report).toMatchObject({ seed: 7, data: { path: 'other.csv', favorable: '0', label: { column: 'chosen' } }, config: { seed: 7, data: { path: 'other.csv', prediction: 'guess' } } })
    expect(JSON.stringify(report)).not.toContain(folder)
    expect(run.command).toContain('--seed 7')
    // The gap of a sample is above 0: a limit of 0 cannot be shown to hold.
    expect(code).toBe(1)
    expect(stdout).toMatch(/^Verdict {2}/)
    expect(stderr).toBe('')
    expect(readdirSync(join(folder, 'out'))).toEqual(['report.json'])
  })
  it('--exit-zero gives 0 whatever the verdict, and not for an audit that could not run', () => {
    const folder = temporaryFolder()
    storedPredictions(folder)
    writeFileSync(join(folder, 'probity.config.json'), JSON.stringify(STORED))
    const { code, stdout } = probity(['audit', '--out', 'out', '--format', 'html,json,html', '--exit-zero', '--no-cache'], { cwd: folder })
    expect([code, readReport(join(folder, 'out')).verdict]).toEqual([0, 'insufficient'])
    expect(stdout.match(/^Report .*$/gm)).toHaveLength(2)
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['report.html', 'report.json'])
    expect(probity(['audit', '--label', 'nothing', '--exit-zero', '--no-cache'], { cwd: folder }).code).toBe(2)
  })
  it('keep stdout for results and colours out of it', () => {
    const folder = temporaryFolder()
    storedPredictions(folder, '"s\u001b[8mex\u0007"')
    const args = ['audit', '--data', 'data.csv', '--prediction', 'guess', '--label', 'hired', '--positive', '1', '--sensitive', 's\u001b[8mex\u0007', '--out', 'out', '--format', 'json', '--no-cache']
    const plain = probity(args, { cwd: folder, env: { FORCE_COLOR: undefined } })
    expect([plain.code, plain.stderr]).toEqual([0, ''])
    expect(plain.stdout).toContain('s [8mex')
    expect(plain.stdout).not.toMatch(CONTROLS)
    const coloured = probity(args, { cwd: folder, env: { NO_COLOR: undefined, FORCE_COLOR: '1' } })
    expect(coloured.stdout).toMatch(/\u001b\[1mVerdict/) // eslint-disable-line no-control-regex -- our own colour
    expect(coloured.stdout).not.toContain('\u001b[8m')
  })
})

describe('commands', () => {
  it('metrics lists them, describes one, and knows near names', () => {
    const list = probity(['metrics'])
    expect(list.stdout.trimEnd().split('\n').length).toBeGreaterThanOrEqual(15)
    expect(list.stdout).toMatch(/^robustness\/pgd +\S/m)
    const one = probity(['metrics', 'transparency/integrated-gradients'])
    for (const field of ['Question', 'Formula', 'Range', 'Parameter', 'Caveat', 'Reference']) expect(one.stdout).toMatch(new RegExp(`^ {2}${field} +\\S`, 'm'))
    const none = probity(['metrics', 'robustness/pdg'])
    expect([none.code, none.stdout]).toEqual([2, ''])
    expect(none.stderr).toMatch(/Did you mean robustness\/pgd\?/)
  })
  it('validate checks metrics, parameters and plugins without running anything', () => {
    const folder = temporaryFolder()
    const validate = (config: object, ...flags: string[]) => {
      writeFileSync(join(folder, 'probity.config.json'), JSON.stringify(config))
      return probity(['validate', ...flags], { cwd: folder })
    }
    const plugin = join(ROOT, 'test/fixtures/plugins/feature-range.mjs')
    expect(validate(STORED)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/is a valid configuration\.\n$/) as unknown })
    expect(validate({ ...STORED, audits: { 'example/score-range': { column: 0 } }, plugins: [plugin] }).code).toBe(0)
    expect(validate({ ...STORED, audits: { 'example/score-range': true } })).toMatchObject({ code: 2, stderr: expect.stringMatching(/example\/score-range is not a metric/) as unknown })
    expect(validate({ ...STORED, plugins: [plugin] }, '--no-code')).toMatchObject({ code: 2, stderr: expect.stringMatching(/--no-code refuses code/) as unknown })
    expect(validate({ ...STORED, plugins: ['./none.mjs'] })).toMatchObject({ code: 2, stderr: expect.stringMatching(/^probity: Plugin \.\/none\.mjs could not be loaded/) as unknown })
  })
  it('report makes formats again without model or data, and refuses what is no report', () => {
    const folder = temporaryFolder()
    const golden = join(ROOT, 'test/golden/report.json')
    const made = probity(['report', golden, '--out', folder, '--format', 'html,json'])
    expect([made.code, made.stdout]).toEqual([0, `${join(folder, 'report.html')}\n${join(folder, 'report.json')}\n`])
    expect(readFileSync(join(folder, 'report.json'), 'utf8')).toBe(readFileSync(golden, 'utf8'))
    writeFileSync(join(folder, 'report.json'), '{"schemaVersion":"1.0.0"}')
    expect(probity(['report', join(folder, 'report.json')])).toMatchObject({ code: 2, stderr: expect.stringMatching(/Report: the document must have required property/) as unknown })
    expect(probity(['report', join(folder, 'none.json')])).toMatchObject({ code: 2, stderr: expect.stringMatching(/No report at .*none\.json/) as unknown })
  })
})

describe('cache clean', () => {
  const HASH = createHash('sha256').update('x').digest('hex')
  function store(): string {
    const folder = join(temporaryFolder(), 'cache')
    const shard = join(folder, HASH.slice(0, 2))
    mkdirSync(join(shard, `${'b'.repeat(64)}.part`), { recursive: true })
    for (const name of [`${HASH}.part`, `.${'a'.repeat(24)}.tmp`, `.${'c'.repeat(24)}.tmp`, `${HASH}.part.bak`, 'notes.txt', `${HASH.slice(1)}.part`]) writeFileSync(join(shard, name), '12345')
    const longAgo = new Date(Date.now() - 2 * 60 * 60_000)
    utimesSync(join(shard, `.${'c'.repeat(24)}.tmp`), longAgo, longAgo)
    for (const path of ['own.part', 'zz', 'abc']) writeFileSync(join(folder, path), 'mine')
    return folder
  }
  it('removes what a store wrote, also what was left half-written long ago, and nothing else', () => {
    const folder = store()
    expect(cleanStore(folder)).toEqual({ folder, entries: 2, bytes: 10 })
    expect(readdirSync(join(folder, HASH.slice(0, 2))).sort()).toEqual([`.${'a'.repeat(24)}.tmp`, `${HASH.slice(1)}.part`, `${HASH}.part.bak`, `${'b'.repeat(64)}.part`, 'notes.txt'].sort())
    expect(readdirSync(folder).sort()).toEqual([HASH.slice(0, 2), 'abc', 'own.part', 'zz'].sort())
  })
  it('says what it removed, and what is no cache', () => {
    const folder = store()
    expect(probity(['cache', 'clean', '--cache', folder])).toMatchObject({ code: 0, stderr: '', stdout: `Removed 2 entries (0.0 MiB) from ${folder}.\n` })
    expect(probity(['cache', 'clean', '--cache', join(folder, 'none')])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Removed 0 entries/) as unknown })
    expect(probity(['cache', 'clean', '--cache', join(folder, 'own.part')])).toMatchObject({ code: 2, stderr: expect.stringMatching(/own\.part is a file, not the folder of a cache/) as unknown })
    expect(existsSync(join(folder, 'own.part'))).toBe(true)
  })
})

describe('a plugin', () => {
  it('brings a metric and an artifact kind that run the model in a child, end to end', async () => {
    const report = await audit({
      model: MODEL,
      data: { path: DATA, label: 'denied', positive: 1, favorable: 0, sensitive: ['black'], rows: '0:1100' },
      audits: { 'example/score-range': { min: 0.4 } },
      plugins: ['./test/fixtures/plugins/feature-range.mjs'],
    }, { folder: ROOT, cache: false })
    const [result] = report.results
    expect(result).toMatchObject({ key: 'example/score-range', status: 'pass', n: 1100, parameters: { column: 1 }, interval: { low: 0.5, high: 1, method: 'stated by the plugin' } })
    expect(result.value).toBeGreaterThan(0.5)
    // The plugin saw the model's own answers: the first row's second logit.
    const expected = JSON.parse(readFileSync(join(ROOT, 'test/fixtures/models/expected.json'), 'utf8')) as { 'hmda-mlp': { first8_logits: number[][] } }
    expect(Number(/first answer is (\S+)/.exec(result.notes[0])?.[1])).toBeCloseTo(expected['hmda-mlp'].first8_logits[0][1], 4)
    expect(report.metrics['example/score-range'].title).toBe('Range of the score')
    // Predictions, and the plugin's kind in blocks of 500 rows.
    expect(report.run.artifacts.computed).toBe(Math.ceil(1100 / 1024) + 3)
    expect(report.config).toMatchObject({ plugins: ['./test/fixtures/plugins/feature-range.mjs'] })
  })
})
