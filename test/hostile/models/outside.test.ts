/** @file Weights beside a model: which files they may be. */
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mayBeForeign } from '../../../src/artifacts/hard-links.js'
import { stage, stageExternal } from '../../../src/artifacts/staging.js'
import { loadModel } from '../../../src/engine/index.js'
import { checkModel } from '../../../src/worker/check-model.js'
import { LOCATIONS, OUTSIDE, pointing } from './outside.js'
import { refusalOf } from './refusal.js'

let home: string
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'hostile-outside-'))))
afterEach(() => rmSync(home, { recursive: true, force: true }))

const staged = async (location: string, allowPaths: readonly string[] = []) => {
  const folder = mkdtempSync(join(home, 'staged-'))
  const options = { folder, maxBytes: 2 ** 20, allowPaths, what: 'external data file' }
  writeFileSync(join(home, 'model.onnx'), pointing({ location }))
  await stage(join(home, 'model.onnx'), options)
  return stageExternal([location], join(home, 'model.onnx'), options)
}

describe('external data is refused where', () => {
  it.each(Object.entries(OUTSIDE))('it names %s', (_, [make, says]) => {
    expect(refusalOf(() => checkModel(make(), { original: 'm.onnx', maxMemoryBytes: 2 ** 32, memory: 'normal' }))).toMatch(says)
  })

  it.each(LOCATIONS)('its location %s', async (_, location) => {
    await expect(staged(location)).rejects.toMatchObject({ code: expect.stringMatching(/^staging\//), message: expect.not.stringContaining('\n') })
  })

  it('it is a link that leads out', async () => {
    mkdirSync(join(home, 'inside'))
    symlinkSync('/etc/passwd', join(home, 'w.bin'))
    await expect(staged('w.bin')).rejects.toThrow(/is a link to \/etc\/passwd, outside its own folder/)
    symlinkSync('/etc', join(home, 'inside', 'etc'))
    await expect(staged('inside/etc/passwd')).rejects.toThrow(/outside its own folder.*--allow-path \/etc/)
  })

  it('a model is given as bytes', async () => {
    await expect(loadModel(pointing({ location: 'package.json' }))).rejects.toThrow(/bytes have no folder to find it in/)
  })

  it.each([
    ['ends before the tensor', { location: 'w.bin', offset: '8' }, [2], /has 12 bytes and should hold, from byte 8/],
    ['is shorter than the tensor', { location: 'w.bin' }, [4], /has 12 bytes and should hold, from byte 0/],
    ['is given a length that is not the tensor\'s', { location: 'w.bin', length: '4' }, [2], /gives 4 bytes to a float32 tensor of shape \[2\], which takes 8 bytes/],
    ['is a folder', { location: 'folder' }, [2], /is not a regular file/],
  ])('the file %s', async (_, entries, dims, says) => {
    writeFileSync(join(home, 'w.bin'), new Uint8Array(12))
    mkdirSync(join(home, 'folder'))
    writeFileSync(join(home, 'model.onnx'), pointing(entries, dims))
    await expect(loadModel(join(home, 'model.onnx'))).rejects.toThrow(says)
  })
})

describe('tensors may share bytes', () => {
  it('as tied weights do', async () => {
    writeFileSync(join(home, 'w.bin'), new Uint8Array(new Float32Array([1, 2, 3]).buffer))
    writeFileSync(join(home, 'model.onnx'), pointing({ location: 'w.bin', offset: '4' }))
    const model = await loadModel(join(home, 'model.onnx'))
    expect([...((await model.predict({ x: { data: new Float32Array([0, 0]), dims: [1, 2] } }))['y'].data as Float32Array)]).toEqual([2, 3])
    await model.dispose()
  })
})

describe.runIf(process.getuid !== undefined)('a hard link', () => {
  beforeEach(() => {
    writeFileSync(join(home, 'elsewhere'), new Uint8Array(8))
    linkSync(join(home, 'elsewhere'), join(home, 'w.bin'))
  })

  it('is taken from a folder that only its owner writes to, as pnpm and cp -l leave it', async () => {
    expect(await staged('w.bin')).toMatchObject([{ location: 'w.bin', bytes: 8 }])
  })

  it('is refused in a folder that everybody writes to, unless that is allowed', async () => {
    chmodSync(home, 0o777)
    await expect(staged('w.bin')).rejects.toThrow(/has other names on its disk.*Copy it, or pass --allow-path/)
    expect(await staged('w.bin', [home])).toHaveLength(1)
  })

  it.each([
    ['one name', { nlink: 1, uid: 1, gid: 1, mode: 0o600 }, { uid: 2, gid: 2, mode: 0o777 }, false],
    ['another owner than the folder', { nlink: 2, uid: 1, gid: 1, mode: 0o600 }, { uid: 2, gid: 2, mode: 0o700 }, true],
    ['the folder\'s owner', { nlink: 2, uid: 1, gid: 1, mode: 0o600 }, { uid: 1, gid: 1, mode: 0o755 }, false],
    ['a folder of our own group', { nlink: 2, uid: 1, gid: 1, mode: 0o600 }, { uid: 1, gid: 7, mode: 0o775 }, false],
    ['a folder of another group', { nlink: 2, uid: 1, gid: 1, mode: 0o600 }, { uid: 1, gid: 8, mode: 0o775 }, true],
    ['a folder for everybody', { nlink: 2, uid: 1, gid: 1, mode: 0o600 }, { uid: 1, gid: 7, mode: 0o1777 }, true],
  ])('of %s', (_, file, folder, foreign) => expect(mayBeForeign(file, folder, 7)).toBe(foreign))
})
