/**
 * @file The store: parts by content-derived name. An entry is one line of JSON (its name, sha256 and an HMAC over both) followed by the part.
 * Entries may have been touched by anybody who can write to the folder, so each read is verified and a mismatch counts as absent.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import { ProbityError, messageOf } from '../contracts/errors.js'
import { writeAtomically } from './atomic-write.js'
import { cacheFolder, configFolder } from './user-folders.js'

export type Store = {
  /** False when parts are kept for this run only. */
  readonly persistent: boolean
  /** The verified part of that name, or null. A damaged or foreign entry is null, with a warning. */
  get(key: string): Promise<Uint8Array | null>
  /** The first that cannot be kept is said, and nothing is tried after it: results do not depend on the store. */
  put(key: string, content: Uint8Array): Promise<void>
}

export type StoreOptions = {
  /** Where entries live: `--cache DIR`, the user's cache folder, or the run's private folder. */
  readonly folder: string
  readonly persistent: boolean
  /** Authenticates entries; never given to a child. */
  readonly secret: Uint8Array
  readonly onWarning: (text: string) => void
}

type Envelope = { readonly format: 1; readonly name: string; readonly bytes: number; readonly sha256: string; readonly hmac: string }

const SECRET_BYTES = 32
const ENVELOPE_LIMIT = 1024
const ENTRY_LIMIT = 2 ** 31
const hex = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const isEnvelope = new Ajv().compile<Envelope>({
  type: 'object',
  additionalProperties: false,
  required: ['format', 'name', 'bytes', 'sha256', 'hmac'],
  properties: { format: { const: 1 }, name: hex, bytes: { type: 'integer', minimum: 0, maximum: ENTRY_LIMIT }, sha256: hex, hmac: hex },
})

/** Opens a store in a folder that is made when it is missing. */
export async function openStore(options: StoreOptions): Promise<Store> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new ProbityError('store/folder', `The cache folder ${options.folder} cannot be made: ${messageOf(error)}. Choose another with --cache DIR.`)
  })
  let isFull = false
  const pathOf = (key: string) => join(options.folder, key.slice(0, 2), `${key}.part`)
  return {
    persistent: options.persistent,
    async get(key) {
      const path = pathOf(key)
      const entry = await readEntry(path)
      if (entry === null) return null
      const content = typeof entry === 'string' ? null : verified(entry, key, options.secret)
      if (content === null) options.onWarning(`The cache entry ${path} ${typeof entry === 'string' ? entry : 'is damaged or was not written by this user'}; it is computed again.`)
      return content
    },
    async put(key, content) {
      if (isFull) return
      const sha256 = createHash('sha256').update(content).digest('hex')
      const envelope: Envelope = { format: 1, name: key, bytes: content.byteLength, sha256, hmac: seal(key, sha256, content.byteLength, options.secret) }
      try {
        await makeShard(dirname(pathOf(key)))
        await writeAtomically(pathOf(key), [Buffer.from(`${JSON.stringify(envelope)}\n`), content])
      } catch (error) {
        isFull = true
        options.onWarning(`The cache folder ${options.folder} cannot be written: ${messageOf(error)}. The audit goes on without keeping further intermediate results.`)
      }
    },
  }
}

/** Where others may write to the cache, a link could lead the entry elsewhere. */
async function makeShard(folder: string): Promise<void> {
  // One level, since Node says of a recursive one on a read-only disk that something does not exist.
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? undefined : Promise.reject(error)))
  if (!(await lstat(folder)).isDirectory()) throw new Error(`${folder} is a link`)
}

/** The user's store, or null where `CI` is set: caches there are shared between branches, unless a folder is asked for. */
export function defaultStoreFolder(environment: NodeJS.ProcessEnv = process.env): string | null {
  const inCi = environment.CI !== undefined && environment.CI !== '' && environment.CI !== 'false' && environment.CI !== '0'
  return inCi ? null : join(cacheFolder(environment), 'artifacts')
}

/**
 * The key under which entries are authenticated, from the user's config folder; made on first use (0600).
 * @throws ProbityError when others can read it or it cannot be kept.
 */
export async function readSecret(environment: NodeJS.ProcessEnv = process.env): Promise<Uint8Array> {
  const folder = configFolder(environment)
  const path = join(folder, 'store.key')
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const existing = await readSecretFile(path)
    if (existing) return existing
    await writeAtomically(path, [randomBytes(SECRET_BYTES)], { keepExisting: true })
    const made = await readSecretFile(path)
    if (made) return made
    throw new Error('it has another size')
  } catch (error) {
    throw new ProbityError('store/secret', `${path}: the key of the cache cannot be read or made: ${messageOf(error)}. Remove the file, or run with --no-cache.`)
  }
}

async function readSecretFile(path: string): Promise<Uint8Array | null> {
  const file = await openNoFollow(path)
  if (file === null) return null
  try {
    const stats = await file.stat()
    if (!stats.isFile() || stats.size !== SECRET_BYTES) throw new Error(`it should be a file of ${SECRET_BYTES} bytes`)
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) await file.chmod(0o600)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** The bytes of an entry, null when there is none, or what is wrong with it. */
async function readEntry(path: string): Promise<Buffer | string | null> {
  let file: FileHandle | null
  try {
    file = await openNoFollow(path)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'is a link' : `cannot be read (${messageOf(error)})`
  }
  if (file === null) return null
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return 'is not a regular file'
    if (stats.size > ENTRY_LIMIT + ENVELOPE_LIMIT) return 'is too large'
    return await file.readFile()
  } catch (error) {
    return `cannot be read (${messageOf(error)})`
  } finally {
    await file.close()
  }
}

function verified(entry: Buffer, key: string, secret: Uint8Array): Uint8Array | null {
  const end = entry.subarray(0, ENVELOPE_LIMIT).indexOf(0x0a)
  if (end < 0) return null
  let envelope: unknown
  try {
    envelope = JSON.parse(entry.toString('utf8', 0, end))
  } catch {
    return null
  }
  const content = entry.subarray(end + 1)
  if (!isEnvelope(envelope) || envelope.name !== key || envelope.bytes !== content.length) return null
  const expected = Buffer.from(seal(key, envelope.sha256, content.length, secret), 'hex')
  if (!timingSafeEqual(expected, Buffer.from(envelope.hmac, 'hex'))) return null
  return createHash('sha256').update(content).digest('hex') === envelope.sha256 ? content : null
}

/** HMAC-SHA256 over name, size and content hash, all of fixed width. */
const seal = (name: string, sha256: string, bytes: number, secret: Uint8Array): string =>
  createHmac('sha256', secret).update(`probity-store-1\n${name}\n${String(bytes).padStart(16, '0')}\n${sha256}`).digest('hex')

async function openNoFollow(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
