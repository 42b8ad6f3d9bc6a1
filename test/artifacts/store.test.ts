import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultStoreFolder, openStore, readSecret, type Store } from '../../src/artifacts/store.js'

const A = 'aa'.repeat(32)
const B = 'ab'.repeat(32)
const content = (text: string): Uint8Array => Buffer.from(text)

let folder: string
let warnings: string[]
const open = (secret: Uint8Array = Buffer.alloc(32, 7)): Promise<Store> => openStore({ folder, persistent: true, secret, onWarning: (text) => warnings.push(text) })
const pathOf = (key: string): string => join(folder, key.slice(0, 2), `${key}.part`)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-test-'))
  warnings = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the store', () => {
  it('gives back what was put, to a later run too', async () => {
    await (await open()).put(A, content('hello'))
    expect(Buffer.from((await (await open()).get(A))!).toString()).toBe('hello')
    expect(await (await open()).get(B)).toBeNull()
    expect(warnings).toEqual([])
  })

  it('keeps entries to the user', async () => {
    await (await open()).put(A, content('hello'))
    expect(statSync(pathOf(A)).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'aa')).mode & 0o777).toBe(0o700)
  })

  it('notices a change of any byte', async () => {
    const store = await open()
    await store.put(A, content('hello'))
    const entry = readFileSync(pathOf(A))
    for (let at = 0; at < entry.length; at++) {
      const changed = Buffer.from(entry)
      changed[at] ^= 1
      writeFileSync(pathOf(A), changed)
      expect(await store.get(A), `byte ${at}`).toBeNull()
    }
    expect(warnings).toHaveLength(entry.length)
    expect(warnings[0]).toMatch(/is damaged or was not written by this user; it is computed again\.$/)
  })

  it('notices cut and lengthened entries', async () => {
    const store = await open()
    await store.put(A, content('hello'))
    const entry = readFileSync(pathOf(A))
    for (const other of [Buffer.alloc(0), entry.subarray(0, 10), entry.subarray(0, -1), Buffer.concat([entry, Buffer.from('x')]), Buffer.alloc(5000, 65)]) {
      writeFileSync(pathOf(A), other)
      expect(await store.get(A)).toBeNull()
    }
  })

  it('notices an entry that was put in the place of another', async () => {
    const store = await open()
    await store.put(A, content('a'))
    await store.put(B, content('b'))
    const swap = join(folder, 'swap')
    renameSync(pathOf(A), swap)
    renameSync(pathOf(B), pathOf(A))
    renameSync(swap, pathOf(B))
    expect([await store.get(A), await store.get(B)]).toEqual([null, null])
  })

  it('notices entries sealed under another key, with every hash right', async () => {
    await (await open(Buffer.alloc(32, 1))).put(A, content('forged'))
    expect(await (await open(Buffer.alloc(32, 2))).get(A)).toBeNull()
    const forged = content('forged')
    const sha256 = createHash('sha256').update(forged).digest('hex')
    writeFileSync(pathOf(A), Buffer.concat([Buffer.from(`${JSON.stringify({ format: 1, name: A, bytes: forged.length, sha256, hmac: createHash('sha256').update(A + sha256).digest('hex') })}\n`), forged]))
    expect(await (await open()).get(A)).toBeNull()
    expect(warnings).toHaveLength(2)
  })

  it('does not follow links, and replaces them', async () => {
    const store = await open()
    await store.put(A, content('real'))
    const elsewhere = join(folder, 'elsewhere')
    renameSync(pathOf(A), elsewhere)
    symlinkSync(elsewhere, pathOf(A))
    expect(await store.get(A)).toBeNull()
    expect(warnings[0]).toMatch(/is a link; it is computed again/)
    const before = readFileSync(elsewhere)
    await store.put(A, content('new'))
    expect(readFileSync(elsewhere)).toEqual(before)
    expect(Buffer.from((await store.get(A))!).toString()).toBe('new')
  })

  it('does not wait for a folder or pipe in the place of an entry', async () => {
    const store = await open()
    mkdirSync(pathOf(A), { recursive: true })
    expect(await store.get(A)).toBeNull()
    expect(warnings[0]).toMatch(/is not a regular file/)
  })

  it('does not wait for a pipe in the place of an entry', async () => {
    const store = await open()
    mkdirSync(join(folder, 'aa'))
    execFileSync('mkfifo', [pathOf(A)])
    expect(await store.get(A)).toBeNull()
    expect(warnings[0]).toMatch(/is not a regular file/)
    await store.put(A, content('new'))
    expect(Buffer.from((await store.get(A))!).toString()).toBe('new')
  })

  it('believes nobody else where everybody may write', async () => {
    chmodSync(folder, 0o777)
    await (await open(Buffer.alloc(32, 1))).put(A, content('planted'))
    chmodSync(join(folder, 'aa'), 0o777)
    chmodSync(pathOf(A), 0o666)
    const store = await open()
    expect(await store.get(A)).toBeNull()
    await store.put(A, content('own'))
    expect(Buffer.from((await store.get(A))!).toString()).toBe('own')
    expect(statSync(pathOf(A)).mode & 0o777).toBe(0o600)
  })

  it('does not write through a folder that is a link', async () => {
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    symlinkSync(elsewhere, join(folder, 'aa'))
    await (await open()).put(A, content('x'))
    expect(readdirSync(elsewhere)).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/cannot be written: .*is a link\. The audit goes on without keeping/)])
  })

  it('that cannot be written says so once, and still reads', async () => {
    const store = await open()
    await store.put(B, content('kept'))
    writeFileSync(join(folder, 'aa'), 'no folder')
    await store.put(A, content('lost'))
    await store.put(B, content('changed'))
    expect(warnings).toHaveLength(1)
    expect(Buffer.from((await store.get(B))!).toString()).toBe('kept')
  })

  it('survives writers of the same entry at the same time and leaves no temporary files', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => open()))
    const big = Buffer.alloc(200_000, 3)
    await Promise.all(stores.flatMap((store) => [store.put(A, big), store.get(A), store.put(A, big)]))
    expect(Buffer.from((await stores[0].get(A))!).equals(big)).toBe(true)
    expect(readdirSync(join(folder, 'aa'))).toEqual([`${A}.part`])
    expect(warnings).toEqual([])
  })
})

describe('the key of the store', () => {
  it('is made once, for this user alone', async () => {
    const environment = { XDG_CONFIG_HOME: folder }
    const [a, b] = await Promise.all([readSecret(environment), readSecret(environment)])
    expect(a).toHaveLength(32)
    expect(Buffer.from(b).equals(Buffer.from(a))).toBe(true)
    expect(Buffer.from(await readSecret(environment)).equals(Buffer.from(a))).toBe(true)
    expect(statSync(join(folder, 'probity', 'store.key')).mode & 0o777).toBe(0o600)
  })

  it('that others could read becomes this user\'s own', async () => {
    await readSecret({ XDG_CONFIG_HOME: folder })
    chmodSync(join(folder, 'probity', 'store.key'), 0o644)
    await readSecret({ XDG_CONFIG_HOME: folder })
    expect(statSync(join(folder, 'probity', 'store.key')).mode & 0o777).toBe(0o600)
  })

  it('is not waited for when it is a pipe, and not made where there is a folder', async () => {
    mkdirSync(join(folder, 'probity'))
    execFileSync('mkfifo', [join(folder, 'probity', 'store.key')])
    await expect(readSecret({ XDG_CONFIG_HOME: folder })).rejects.toThrow(/should be a file of 32 bytes/)
    rmSync(join(folder, 'probity', 'store.key'))
    mkdirSync(join(folder, 'probity', 'store.key'))
    await expect(readSecret({ XDG_CONFIG_HOME: folder })).rejects.toThrow(/should be a file of 32 bytes/)
    expect(existsSync(join(folder, 'probity', 'store.key'))).toBe(true)
  })

  it('is refused when it is a link or has another size', async () => {
    mkdirSync(join(folder, 'probity'))
    writeFileSync(join(folder, 'elsewhere'), Buffer.alloc(32))
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'probity', 'store.key'))
    await expect(readSecret({ XDG_CONFIG_HOME: folder })).rejects.toThrow(/key of the cache cannot be read/)
    rmSync(join(folder, 'probity', 'store.key'))
    writeFileSync(join(folder, 'probity', 'store.key'), 'short')
    await expect(readSecret({ XDG_CONFIG_HOME: folder })).rejects.toThrow(/should be a file of 32 bytes/)
  })
})

describe('the default folder', () => {
  it('is the user\'s cache, and none under CI', () => {
    expect(defaultStoreFolder({ XDG_CACHE_HOME: '/c' })).toBe(join('/c', 'probity', 'artifacts'))
    expect(defaultStoreFolder({ XDG_CACHE_HOME: '/c', CI: 'false' })).toBe(join('/c', 'probity', 'artifacts'))
    for (const CI of ['true', '1', 'github']) expect(defaultStoreFolder({ XDG_CACHE_HOME: '/c', CI })).toBeNull()
  })
})
