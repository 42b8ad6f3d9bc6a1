import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findConfig, loadConfig, validateConfig } from '../../src/config/index.js'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'probity-config-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const load = (name: string, text: string, allowCode = true) => loadConfig(write(name, text), { allowCode })
const GOOD = 'model: { path: m.onnx }\ndata:\n  path: d.csv\n  label: y\n'

describe('loading', () => {
  it('reads YAML, JSON and modules alike, with paths relative to the file', async () => {
    const expected = { model: { path: join(folder, 'm.onnx') }, data: { path: join(folder, 'd.csv'), label: 'y' } }
    expect((await load('a.yaml', GOOD)).config).toEqual(expected)
    expect((await load('b.json', JSON.stringify({ model: { path: 'm.onnx' }, data: { path: 'd.csv', label: 'y' } }))).config).toEqual(expected)
    expect((await load('c.mjs', "export default { model: { path: 'm.onnx' }, data: { path: 'd.csv', label: 'y' } }")).config).toEqual(expected)
    expect((await load('d.ts', "const label: string = 'y'\nexport default { model: { path: 'm.onnx' }, data: { path: 'd.csv', label } }")).config).toEqual(expected)
  })

  it('finds the one configuration of a folder and refuses two', () => {
    expect(findConfig(folder)).toBeNull()
    const path = write('probity.config.yaml', GOOD)
    expect(findConfig(folder)).toBe(path)
    write('probity.config.json', '{}')
    expect(() => findConfig(folder)).toThrow(/probity\.config\.yaml and probity\.config\.json/)
  })

  it('refuses code with --no-code: modules, and plugins in YAML', async () => {
    await expect(load('c.mjs', 'export default {}', false)).rejects.toThrow(/is code, and --no-code refuses code/)
    await expect(load('a.yaml', `${GOOD}plugins: [./p.mjs]\n`, false)).rejects.toThrow(/plugins are code/)
  })

  it('says in one line what is wrong with a file that cannot be read', async () => {
    await expect(loadConfig(join(folder, 'none.yaml'), { allowCode: true })).rejects.toThrow(/No configuration at .*none\.yaml/)
    mkdirSync(join(folder, 'dir.yaml'))
    await expect(loadConfig(join(folder, 'dir.yaml'), { allowCode: true })).rejects.toThrow(/No configuration at/)
    await expect(load('bad.yaml', 'data: [1, 2')).rejects.toThrow(/bad\.yaml, line \d/)
    await expect(load('twice.yaml', 'data: { path: a }\ndata: { path: b }\n')).rejects.toThrow(/twice\.yaml, line 2: Map keys must be unique\. Correct/)
    await expect(load('boom.mjs', "throw new Error('no\\nway')")).rejects.toThrow(/boom\.mjs could not be run: no way/)
  })

  it('does not expand a bomb of aliases', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`).join(', ')}]`)].join('\n')
    await expect(load('bomb.yaml', bomb)).rejects.toThrow(/bomb\.yaml: .*alias/i)
  })
})

describe('limits of the model', () => {
  it('are known by name, and are numbers', async () => {
    const model = (limits: string) => `data: { path: d.csv }\nmodel:\n  path: m.onnx\n  limits: ${limits}\n`
    expect((await load('good.yaml', model('{ maxNodes: 500000 }'))).config.model?.limits).toEqual({ maxNodes: 500_000 })
    await expect(load('near.yaml', model('{ maxNode: 5 }'))).rejects.toThrow(/line 4: model\.limits\.maxNode is not a known field\. Did you mean maxNodes\?/)
    await expect(load('proto.yaml', model('{ __proto__: 5 }'))).rejects.toThrow(/__proto__ is not a known field/)
    await expect(load('text.yaml', model('{ maxNodes: many }'))).rejects.toThrow(/model\.limits\.maxNodes must be integer/)
    await expect(load('zero.yaml', model('{ maxNodes: 0 }'))).rejects.toThrow(/model\.limits\.maxNodes must be >= 1/)
  })
})

describe('validation', () => {
  const problem = async (yaml: string) => load('p.yaml', yaml).then(() => 'valid', (error: Error) => error.message.replace(folder, ''))

  it('names line, field, and what would be right', async () => {
    expect(await problem(`${GOOD}audit: {}\n`)).toMatch(/p\.yaml, line 5: audit is not a known field\. Did you mean audits\?/)
    expect(await problem('data:\n  path: d.csv\n  labl: y\n')).toMatch(/line 3: data\.labl is not a known field\. Did you mean label\?/)
    expect(await problem('model: { path: m.onnx }\n')).toMatch(/the configuration needs the field data/)
    expect(await problem('data:\n  path: d.csv\n  labelMeaning: decision\n')).toMatch(/line 3: data\.labelMeaning must be one of outcome, human-decision, proxy/)
    expect(await problem('data: { path: d.csv, rows: all }\n')).toMatch(/data\.rows/)
    expect(await problem('data: { path: d.csv }\nseed: -1\n')).toMatch(/line 2: seed must be >= 0/)
    expect(await problem('data: { path: d.csv }\naudits: { fairness/selection-rate: false }\n')).toMatch(/line 2: audits\.fairness\/selection-rate must be true, a record .* or a list/)
    expect(await problem('data: { path: d.csv }\naudits: { fairness/selection-rate: { min: high } }\n')).toMatch(/audits\.fairness\/selection-rate\.min must be number/)
  })

  it('gives hostile keys no power', async () => {
    expect(await problem('data: { path: d.csv }\n__proto__: { polluted: true }\n')).toMatch(/not a known field/)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(() => validateConfig(JSON.parse('{"data":{"path":"d.csv","__proto__":{"label":"y"}}}'), 'test')).toThrow(/__proto__ is not a known field/)
  })

  it('keeps hostile text out of the terminal', async () => {
    const message = await problem('data: { path: d.csv }\n"a\\u001b[31mred\\nline": 1\n')
    expect(message).not.toContain('\u001b')
    expect(message).not.toContain('\n')
  })
})
