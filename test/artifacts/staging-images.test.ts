import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stageFolder, stageNamed } from '../../src/artifacts/staging-images.js'
import type { StagingOptions } from '../../src/artifacts/staging.js'

let root: string
let options: StagingOptions
const at = (...pieces: string[]): string => join(root, ...pieces)
const failure = (run: Promise<unknown>): Promise<{ code: string; message: string }> => run.then(() => Promise.reject(new Error('expected a refusal')), (error) => error)
const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')
const images = { 'a/1.png': 'one', 'b/2.png': 'two', 'b/ä.png': 'three' }

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'staging-images-'))
  options = { folder: at('private'), maxBytes: 1e6, allowPaths: [], what: 'image' }
  for (const folder of ['private', 'user', 'user/a', 'user/b', 'secret']) mkdirSync(at(folder))
  for (const [name, content] of Object.entries(images)) writeFileSync(at('user', name), content)
  writeFileSync(at('user', '.DS_Store'), 'x')
  writeFileSync(at('user', 'a', '._1.png'), 'x')
  writeFileSync(at('secret', 'key.png'), 'secret')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Of sorted names and contents, as the documentation says. */
const combined = (files: Readonly<Record<string, string>>): string => sha256(Object.keys(files).sort().map((name) => `${Buffer.byteLength(name)}:${name}:${sha256(files[name]!)}\n`).join(''))

describe('many files', () => {
  it('are copied under one hash of their names and contents', async () => {
    const staged = await stageFolder(at('user'), options)
    expect(staged).toEqual({ original: at('user'), staged: at('private', 'user'), sha256: combined(images), bytes: 11 })
    for (const [name, content] of Object.entries(images)) expect(readFileSync(join(staged.staged, name), 'utf8')).toBe(content)
  })
  it('have another hash when a name or a content changes', async () => {
    const first = (await stageFolder(at('user'), options)).sha256
    writeFileSync(at('user', 'a', '1.png'), 'ONE')
    const second = (await stageFolder(at('user'), { ...options, folder: at('private', 'second') })).sha256
    rmSync(at('user', 'a', '1.png'))
    writeFileSync(at('user', 'a', '3.png'), 'ONE')
    const third = (await stageFolder(at('user'), { ...options, folder: at('private', 'third') })).sha256
    expect(new Set([first, second, third]).size).toBe(3)
  })
  it('may be links within their folder, and not beyond it', async () => {
    symlinkSync(at('user', 'b', '2.png'), at('user', 'a', 'link.png'))
    expect((await stageFolder(at('user'), options)).bytes).toBe(14)
    symlinkSync(at('secret', 'key.png'), at('user', 'a', 'out.png'))
    expect(await failure(stageFolder(at('user'), { ...options, folder: at('private', 'again') }))).toMatchObject({ code: 'staging/link', message: expect.stringContaining('outside its own folder') })
  })
  it.each(['../secret/key.png', '/etc/passwd', 'a/../../secret/key.png', 'C:\\key.png', 'a//1.png', '', 'a/\u001b[31m.png', 'a/\n.png', 'a/\u202egnp.png'])('named %j by a table are refused in one line', async (name) => {
    const { code, message } = await failure(stageNamed([name], at('user'), options))
    expect(code).toBe('staging/name')
    for (const control of ['\n', '\u001b', '\u202e']) expect(message).not.toContain(control)
  })
  it('in folders that lead out are refused', async () => {
    symlinkSync(at('secret'), at('user', 'c'))
    expect(await failure(stageNamed(['c/key.png'], at('user'), options))).toMatchObject({ code: 'staging/link' })
  })
  it.each([
    ['that do not exist', ['a/9.png'], 'staging/missing'], ['that are folders', ['a'], 'staging/directory'], ['that are none', [], 'staging/empty'],
  ])('%s are refused', async (_, names, code) => expect((await failure(stageNamed(names, at('user'), options))).code).toBe(code))
  it('may not be larger together than one file may', async () => {
    expect((await failure(stageFolder(at('user'), { ...options, maxBytes: 10 }))).code).toBe('staging/too-large')
  })
})
