import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stage, stageExternal, type StagingOptions } from '../../src/artifacts/staging.js'

let root: string
let options: StagingOptions
const at = (...pieces: string[]): string => join(root, ...pieces)
const failure = (run: Promise<unknown>): Promise<{ code: string; message: string }> => run.then(() => Promise.reject(new Error('expected a refusal')), (error) => error)

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'staging-test-'))
  for (const folder of ['user', 'private', 'secret']) mkdirSync(at(folder))
  options = { folder: at('private'), maxBytes: 1e7, allowPaths: [], what: 'model' }
  writeFileSync(at('user', 'm.onnx'), 'model bytes')
  writeFileSync(at('secret', 'passwords'), 'secret')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('staging', () => {
  it('copies a file for this user alone and hashes what it copied', async () => {
    const big = Buffer.alloc(3_000_001, 'probity')
    writeFileSync(at('user', 'm.onnx'), big)
    const staged = await stage(at('user', 'm.onnx'), options)
    expect(staged).toEqual({ original: at('user', 'm.onnx'), staged: at('private', 'm.onnx'), bytes: big.length, sha256: createHash('sha256').update(big).digest('hex') })
    expect(readFileSync(staged.staged).equals(big)).toBe(true)
    expect(statSync(staged.staged).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['missing.onnx', 'staging/missing', /does not exist/],
    ['empty.onnx', 'staging/empty', /is empty/],
    ['folder', 'staging/directory', /is a folder, not a file/],
    ['pipe', 'staging/not-a-file', /is not a regular file/],
    ['dangling', 'staging/missing', /does not exist/],
    ['circle', 'staging/link', /leads nowhere/],
  ])('refuses %s in one line', async (name, code, message) => {
    writeFileSync(at('user', 'empty.onnx'), '')
    mkdirSync(at('user', 'folder'))
    execFileSync('mkfifo', [at('user', 'pipe')])
    symlinkSync(at('user', 'nothing'), at('user', 'dangling'))
    symlinkSync(at('user', 'circle'), at('user', 'circle'))
    const refused = await failure(stage(at('user', name), options))
    expect(refused.code).toBe(code)
    expect(refused.message).toMatch(message)
    expect(refused.message).toContain(`${at('user', name)}: the model`)
  })

  it.skipIf(process.getuid?.() === 0)('refuses what this user may not read', async () => {
    chmodSync(at('user', 'm.onnx'), 0)
    expect(await failure(stage(at('user', 'm.onnx'), options))).toMatchObject({ code: 'staging/unreadable' })
  })

  it('refuses files over the limit', async () => {
    expect(await failure(stage(at('user', 'm.onnx'), { ...options, maxBytes: 10 }))).toMatchObject({ code: 'staging/too-large', message: expect.stringContaining('11 bytes, more than the limit of 10') })
  })

  it('follows a link inside the folder, but not out of it', async () => {
    symlinkSync('m.onnx', at('user', 'latest.onnx'))
    symlinkSync(at('secret', 'passwords'), at('user', 'out.onnx'))
    expect((await stage(at('user', 'latest.onnx'), options)).bytes).toBe(11)
    expect(await failure(stage(at('user', 'out.onnx'), options))).toMatchObject({ code: 'staging/link', message: expect.stringContaining('--allow-path') })
    expect((await stage(at('user', 'out.onnx'), { ...options, allowPaths: [at('secret')] })).bytes).toBe(6)
  })

  it('follows the links of a Hugging Face cache', async () => {
    const hub = at('hub')
    mkdirSync(join(hub, 'models--x', 'blobs'), { recursive: true })
    mkdirSync(join(hub, 'models--x', 'snapshots', 'a1'), { recursive: true })
    writeFileSync(join(hub, 'models--x', 'blobs', 'f00'), 'weights')
    symlinkSync('../../blobs/f00', join(hub, 'models--x', 'snapshots', 'a1', 'model.onnx'))
    const path = join(hub, 'models--x', 'snapshots', 'a1', 'model.onnx')
    expect(await failure(stage(path, options))).toMatchObject({ code: 'staging/link' })
    process.env.HF_HUB_CACHE = hub
    try {
      expect((await stage(path, options)).staged).toBe(at('private', 'model.onnx'))
    } finally {
      delete process.env.HF_HUB_CACHE
    }
  })

  it('does not mind that the folder itself is reached through a link', async () => {
    symlinkSync(at('user'), at('alias'))
    expect((await stage(at('alias', 'm.onnx'), options)).bytes).toBe(11)
  })
})

describe('staging external data', () => {
  it('puts files beside the model under their own names', async () => {
    mkdirSync(at('user', 'weights'))
    writeFileSync(at('user', 'weights', 'a.bin'), 'aaa')
    writeFileSync(at('user', 'm.onnx.data'), 'bb')
    const staged = await stageExternal(['weights/a.bin', 'm.onnx.data'], at('user', 'm.onnx'), options)
    expect(staged.map(({ location, staged: path, bytes }) => ({ location, path, bytes }))).toEqual([
      { location: 'weights/a.bin', path: at('private', 'weights', 'a.bin'), bytes: 3 },
      { location: 'm.onnx.data', path: at('private', 'm.onnx.data'), bytes: 2 },
    ])
  })

  it.each(['../secret/passwords', 'weights/../../secret/passwords', '/etc/passwd', 'C:\\weights', '..\\secret', '', 'a//b', './m.onnx', 'm.onnx'])('refuses the location %j', async (location) => {
    expect(await failure(stageExternal([location], at('user', 'm.onnx'), options))).toMatchObject({ code: 'staging/external-location' })
  })

  it('refuses files and folders that are links to elsewhere', async () => {
    symlinkSync(at('secret', 'passwords'), at('user', 'w.bin'))
    symlinkSync(at('secret'), at('user', 'weights'))
    expect(await failure(stageExternal(['w.bin'], at('user', 'm.onnx'), options))).toMatchObject({ code: 'staging/link' })
    expect(await failure(stageExternal(['weights/passwords'], at('user', 'm.onnx'), options))).toMatchObject({ code: 'staging/link' })
  })
})
