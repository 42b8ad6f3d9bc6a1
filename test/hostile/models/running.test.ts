/** @file Models that only running shows: the command line ends in one line and exit code 2, in bounded time, with nothing half-written. Runs the build. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../e2e/run-cli.js'
import { BURNING_AT_LOAD, ENDLESS, SIZES_FROM_DATA } from './bombs.js'
import { LIES } from './lies.js'
import { namedClasses, namedEverywhere } from './names.js'
import { pointing } from './outside.js'
import { HONEST, sequential } from './tensorflow-files.js'
import { TREES } from './trees.js'

const LIMIT_MS = 45_000

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hostile-models-'))
  writeFileSync(join(home, 'data.csv'), 'a,b,label\n1,2,0\n3,4,1\n5,6,0\n')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function audit(model: string, content: Uint8Array, ...more: string[]) {
  mkdirSync(dirname(join(home, model)), { recursive: true })
  writeFileSync(join(home, model), content)
  return runCli(['audit', '--model', model, '--data', 'data.csv', '--label', 'label', '--format', 'json', '--out', 'out', '--no-cache', ...more], home).ended
}

/** The one line of a refusal. */
async function refusal(model: string, content: Uint8Array, ...more: string[]): Promise<string> {
  const { code, stdout, stderr, durationMs } = await audit(model, content, ...more)
  expect({ code, stdout, stderr }).toMatchObject({ code: 2, stdout: '' })
  expect(durationMs).toBeLessThan(LIMIT_MS)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(stderr.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]|\n\s+at /)
  expect(existsSync(join(home, 'out', 'report.json'))).toBe(false)
  expect(readdirSync(home).filter((name) => name.startsWith('probity-'))).toEqual([])
  return stderr
}

describe('a size that only the data tells', { timeout: 120_000 }, () => {
  it.each(Object.entries(SIZES_FROM_DATA))('%s', async (_, make) => {
    expect(await refusal('model.onnx', make())).toMatch(/needs more memory than the limit of \d+ MB|could not run .*(exceeds|too large|4294967296)/)
  })
})

describe('a model without an end', { timeout: 120_000 }, () => {
  it.each(Object.entries(ENDLESS))('%s', async (_, make) => {
    expect(await refusal('model.onnx', make(), '--timeout', '5')).toMatch(/did not finish within 5 s and was stopped|needs more memory than the limit/)
  })

  it.each(Object.entries(BURNING_AT_LOAD))('%s, before any row', async (_, make) => {
    expect(await refusal('model.onnx', make())).toMatch(/Opening the model .* (did not finish within \d+(\.\d+)? s and was stopped|needs more memory than the limit)/)
  })
})

describe('what the runtime refuses', { timeout: 60_000 }, () => {
  const ZOO = { ...TREES, ...LIES }
  const SOME = ['two nodes that are each other\'s child', 'a feature beyond the input', 'an IR version of the far future', 'more scales than rows', 'a gather beyond the end']
  it.each(SOME)('%s', async (name) => expect(await refusal('model.onnx', ZOO[name]())).toMatch(/ONNX Runtime could not (open|run)/))
})

describe('a refusal before the runtime', { timeout: 60_000 }, () => {
  it('names limit and flag, which raises it', async () => {
    const model = pointing({ location: 'w.bin' })
    writeFileSync(join(home, 'w.bin'), new Uint8Array(8))
    expect(await refusal('model.onnx', model, '--limit', 'maxElements=1')).toMatch(/the limit maxElements is 1\. .*--limit maxElements=N/)
    expect((await audit('model.onnx', model, '--limit', 'maxElements=2')).code).toBe(0)
  })

  it('holds for weights that are somebody else\'s', async () => {
    symlinkSync('/etc/hostname', join(home, 'w.bin'))
    expect(await refusal('model.onnx', pointing({ location: 'w.bin' }))).toMatch(/is a link to .*, outside its own folder/)
    expect(await refusal('model.onnx', pointing({ location: '../w.bin' }))).toMatch(/lies outside the model's folder/)
  })

  it.each(['model.pkl', 'model.pt', 'model.h5', 'model.keras', 'model.joblib'])('holds for %s', async (name) => expect(await refusal(name, namedClasses('yes'))).toMatch(/is refused by name/))
  it('holds for a pickle under another name', async () => expect(await refusal('model.onnx', Buffer.from([0x80, 4, 0x95, 1, 2, 3]))).toMatch(/is a Python pickle/))
})

describe('names that terminals obey', { timeout: 60_000 }, () => {
  it('never reach them', async () => {
    const { code, stdout, stderr } = await audit('model.onnx', namedEverywhere('\u001b[31mred\u202e', 'input'))
    expect({ code, stderr }).toMatchObject({ code: 0 })
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(stdout + stderr).not.toMatch(/[\u001b\u202e]/)
  })
})

describe('a model.json', { timeout: 60_000 }, () => {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  it.each([
    ['whose weights are too few', HONEST, 4, /describes 24 bytes of weights, and there are 4/],
    ['whose weights are too many', HONEST, 400, /describes 24 bytes of weights, and there are 400/],
    ['whose file climbs', sequential([], { weightsManifest: [{ paths: ['../w.bin'], weights: [] }] }), 4, /lies outside the model's folder/],
    ['whose file is an address', sequential([], { weightsManifest: [{ paths: ['https://example.org/w.bin'], weights: [] }] }), 4, /lies outside the model's folder/],
    ['whose file is absolute', sequential([], { weightsManifest: [{ paths: ['/etc/hostname'], weights: [] }] }), 4, /lies outside the model's folder/],
  ])('%s', async (_, model, bytes, says) => {
    writeFileSync(join(home, 'w.bin'), new Uint8Array(bytes))
    expect(await refusal('model.json', json(model))).toMatch(says)
  })

  it('whose weights are a link', async () => {
    symlinkSync('/etc/hostname', join(home, 'w.bin'))
    expect(await refusal('model.json', json(HONEST))).toMatch(/is a link to .*, outside its own folder/)
  })

  it('whose loop has no end', async () => {
    const node = (name: string, op: string, inputs: readonly string[], attr: object = {}) => ({ name, op, input: inputs, attr })
    const condition = { signature: { name: 'go', inputArg: [{ name: 'v', type: 'DT_FLOAT' }], outputArg: [{ name: 'yes', type: 'DT_BOOL' }] }, nodeDef: [node('same', 'Equal', ['v', 'v'], { T: { type: 'DT_FLOAT' } }), node('all', 'All', ['same', 'axes'], {}), node('axes', 'Const', [], { dtype: { type: 'DT_INT32' }, value: { tensor: { dtype: 'DT_INT32', tensorShape: { dim: [{ size: '2' }] } } } })], ret: { yes: 'all:output:0' } }
    const body = { signature: { name: 'more', inputArg: [{ name: 'v', type: 'DT_FLOAT' }], outputArg: [{ name: 'w', type: 'DT_FLOAT' }] }, nodeDef: [node('tanh', 'Tanh', ['v'], { T: { type: 'DT_FLOAT' } })], ret: { w: 'tanh:y:0' } }
    const modelTopology = {
      versions: { producer: 27 },
      node: [node('x', 'Placeholder', [], { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } }), node('y', 'StatelessWhile', ['x'], { cond: { func: { name: 'go' } }, body: { func: { name: 'more' } }, T: { list: { type: ['DT_FLOAT'] } } })],
      library: { function: [condition, body] },
    }
    const weightsManifest = [{ paths: ['w.bin'], weights: [{ name: 'axes', shape: [2], dtype: 'int32' }] }]
    writeFileSync(join(home, 'w.bin'), new Uint8Array(new Int32Array([0, 1]).buffer))
    expect(await refusal('model.json', json({ format: 'graph-model', modelTopology, weightsManifest }), '--timeout', '6')).toMatch(/did not finish within 6 s and was stopped/)
  })
})
