import { createHash } from 'node:crypto'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
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

  it('refuses sockets and devices', async () => {
    const server = createServer().listen(at('user', 'socket'))
    await once(server, 'listening')
    try {
      expect(await failure(stage(at('user', 'socket'), options))).toMatchObject({ code: 'staging/not-a-file' })
      expect(await failure(stage('/dev/zero', options))).toMatchObject({ code: 'staging/not-a-file' })
    } finally {
      server.close()
    }
  })

  it('hashes what it copied, whatever becomes of the original', async () => {
    const staged = await stage(at('user', 'm.onnx'), options)
    writeFileSync(at('user', 'm.onnx'), 'other bytes, and more of them')
    expect(createHash('sha256').update(readFileSync(staged.staged)).digest('hex')).toBe(staged.sha256)
    expect(readFileSync(staged.staged, 'utf8')).toBe('model bytes')
  })

  it('hashes what it copied while the original is being written', async () => {
    const writer = spawn(process.execPath, ['-e', `const { openSync, writeSync } = require('node:fs'); const f = openSync(${JSON.stringify(at('user', 'm.onnx'))}, 'w'); writeSync(f, 'x'); console.log('on'); for (let i = 0; ; i = (i + 1) % 256) writeSync(f, Buffer.alloc(65536, i), 0, 65536, 65536 * (i % 64))`])
    await once(writer.stdout, 'data')
    try {
      for (let i = 0; i < 20; i++) {
        const folder = at('private', String(i))
        mkdirSync(folder)
        const { staged, sha256, bytes } = await stage(at('user', 'm.onnx'), { ...options, folder })
        const copied = readFileSync(staged)
        expect({ bytes: copied.length, sha256: createHash('sha256').update(copied).digest('hex') }).toEqual({ bytes, sha256 })
      }
    } finally {
      writer.kill('SIGKILL')
    }
  })

  it.runIf(process.platform === 'linux')('never copies from behind a link that is swapped in while it looks', async () => {
    mkdirSync(at('user', 'w'))
    writeFileSync(at('user', 'w', 'a.bin'), 'weights')
    writeFileSync(at('secret', 'a.bin'), 'secret')
    symlinkSync(at('secret'), at('user', 'link'))
    const swapper = spawn(process.execPath, ['-e', `const { renameSync } = require('node:fs'); process.chdir(${JSON.stringify(at('user'))}); console.log('on'); for (;;) { renameSync('w', 'a'); renameSync('link', 'w'); renameSync('w', 'link'); renameSync('a', 'w') }`])
    await once(swapper.stdout, 'data')
    const outcomes = new Set<string>()
    try {
      for (let i = 0; i < 400; i++) {
        const folder = at('private', String(i))
        mkdirSync(folder)
        outcomes.add(await stageExternal(['w/a.bin'], at('user', 'm.onnx'), { ...options, folder }).then(([{ staged }]) => readFileSync(staged, 'utf8'), ({ code }: { code: string }) => code))
      }
    } finally {
      swapper.kill('SIGKILL')
    }
    expect(outcomes).not.toContain('secret')
    for (const outcome of outcomes) expect(['weights', 'staging/link', 'staging/missing']).toContain(outcome)
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

  it('stages a location that is named twice once', async () => {
    writeFileSync(at('user', 'w.bin'), 'w')
    expect(await stageExternal(['w.bin', 'w.bin'], at('user', 'm.onnx'), options)).toHaveLength(1)
  })

  it('is one line when one location is the folder of another', async () => {
    writeFileSync(at('user', 'w'), 'w')
    expect(await failure(stageExternal(['w', 'w/x'], at('user', 'm.onnx'), options))).toMatchObject({ code: expect.stringMatching(/^staging\/(copy|missing)$/) })
  })

  it('refuses files and folders that are links to elsewhere', async () => {
    symlinkSync(at('secret', 'passwords'), at('user', 'w.bin'))
    symlinkSync(at('secret'), at('user', 'weights'))
    expect(await failure(stageExternal(['w.bin'], at('user', 'm.onnx'), options))).toMatchObject({ code: 'staging/link' })
    expect(await failure(stageExternal(['weights/passwords'], at('user', 'm.onnx'), options))).toMatchObject({ code: 'staging/link' })
  })
})
