import { describe, expect, it } from 'vitest'
import { configSha256, displayPath, effectiveConfig, labelCounts, trainingFinding, withDisplayPaths } from '../../src/audit/provenance.js'
import type { ProbityConfig } from '../../src/contracts/config.js'
import type { ModelSummary } from '../../src/contracts/model.js'
import { exampleView } from '../artifacts/example-view.js'

const CONFIG: ProbityConfig = {
  model: { path: '/home/ada/project/models/m.onnx', output: { kind: 'logits', classes: [0, 1] } },
  data: { path: '/data/secret/people.csv', label: 'denied', sensitive: ['black'] },
  audits: { 'robustness/pgd': [{ name: 'small', epsilon: 0.1, min: 0.6 }] },
  plugins: ['./own.mjs', 'package', '/home/ada/project/plugins/p.mjs', '/opt/plugins/q.mjs'],
}
const FOLDER = '/home/ada/project'

describe('paths', () => {
  it.each([
    ['/home/ada/project/models/m.onnx', 'models/m.onnx'],
    ['/home/ada/project/m.onnx', 'm.onnx'],
    ['/home/ada/other/m.onnx', 'm.onnx'],
    ['/home/ada/project', 'project'],
    ['/home/ada/projects/m.onnx', 'm.onnx'],
  ])('%s is shown as %s', (path, shown) => {
    expect(displayPath(path, FOLDER)).toBe(shown)
  })
  it('in messages are shown likewise, each time', () => {
    expect(withDisplayPaths('/data/x.csv: bad; see /data/x.csv and /home/ada/project/m.onnx', ['/data/x.csv', '/home/ada/project/m.onnx'], FOLDER)).toBe('x.csv: bad; see x.csv and m.onnx')
  })
})

describe('the effective configuration', () => {
  it('holds no absolute path', () => {
    const shown = effectiveConfig(CONFIG, FOLDER)
    expect(JSON.stringify(shown)).not.toMatch(/"\//)
    expect(shown).toMatchObject({ model: { path: 'models/m.onnx' }, data: { path: 'people.csv' }, plugins: ['./own.mjs', 'package', 'plugins/p.mjs', 'q.mjs'], seed: 0 })
  })
  it('leaves out limits, which say whether a model is opened and never what comes out', () => {
    const limited = { ...CONFIG, model: { ...CONFIG.model!, limits: { maxNodes: 5 } } }
    expect(JSON.stringify(effectiveConfig(limited, FOLDER))).not.toContain('limits')
    expect(configSha256(limited, FOLDER)).toBe(configSha256(CONFIG, FOLDER))
  })
  it('has one hash, whatever the order of keys and whether the seed 0 is written out', () => {
    const turned: ProbityConfig = {
      seed: 0,
      plugins: CONFIG.plugins,
      audits: { 'robustness/pgd': [{ min: 0.6, epsilon: 0.1, name: 'small' }] },
      data: { sensitive: ['black'], label: 'denied', path: CONFIG.data.path, positive: undefined },
      model: { output: { classes: [0, 1], kind: 'logits' }, path: CONFIG.model!.path },
    }
    expect(configSha256(turned, FOLDER)).toBe(configSha256(CONFIG, FOLDER))
    expect(configSha256(CONFIG, FOLDER)).toMatch(/^[0-9a-f]{64}$/)
  })
  it('has one hash wherever the project lies', () => {
    const moved = { ...CONFIG, model: { ...CONFIG.model!, path: '/ci/build/models/m.onnx' }, plugins: ['./own.mjs', 'package', '/ci/build/plugins/p.mjs', '/opt/plugins/q.mjs'] }
    expect(configSha256(moved, '/ci/build')).toBe(configSha256(CONFIG, FOLDER))
  })
  it.each([
    ['seed', { ...CONFIG, seed: 1 }],
    ['limit', { ...CONFIG, audits: { 'robustness/pgd': [{ name: 'small', epsilon: 0.1, min: 0.5 }] } }],
    ['order of classes', { ...CONFIG, model: { ...CONFIG.model!, output: { kind: 'logits' as const, classes: [1, 0] } } }],
    ['threshold', { ...CONFIG, decision: { threshold: 0.4 } }],
  ])('has another hash with another %s', (_, changed) => {
    expect(configSha256(changed, FOLDER)).not.toBe(configSha256(CONFIG, FOLDER))
  })
  it('keeps keys that JavaScript gives a meaning', () => {
    const config = { data: { path: 'd', bins: JSON.parse('{"__proto__":[1],"b":[2]}') as Record<string, number[]> } }
    expect(JSON.stringify(effectiveConfig(config, '/'))).toContain('"bins":{"__proto__":[1],"b":[2]}')
  })
})

describe('training data', () => {
  const finding = (record?: string) => trainingFinding({ metadata: record === undefined ? {} : { 'probity.training': record } } as unknown as ModelSummary, 'abc123')
  it('is unknown without a record, the audited file by its hash, else another file', () => {
    expect(finding()).toMatchObject({ id: 'training-data-unknown', severity: 'info' })
    expect(finding('{"data":{"sha256":"abc123"}}')).toMatchObject({ id: 'training-overlap', severity: 'warning' })
    expect(finding('{"data":{"sha256":"def"}}')).toBeNull()
  })
})

it('counts rows per class, and rows without a label', () => {
  expect(labelCounts(exampleView())).toEqual({ column: 'y', counts: [{ value: 'no', rows: 1 }, { value: 'yes', rows: 1 }], missing: 1 })
  expect(labelCounts({ ...exampleView(), label: null })).toBeNull()
})
