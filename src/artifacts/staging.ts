/** @file Staging: files are opened once and copied into a private folder while they are hashed; everything later reads the copy. */
import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readlink, realpath, stat } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { messageOf, ProbityError } from '../contracts/errors.js'
import { mayBeForeign } from './hard-links.js'

export type Staged = {
  /** As the user wrote it. */
  readonly original: string
  /** The private copy. */
  readonly staged: string
  readonly sha256: string
  readonly bytes: number
}

/** An external file of a model, staged under the same relative path beside the model. */
export type StagedExternal = Staged & { readonly location: string }

export type StagingOptions = {
  /** Private folder that receives the copy. */
  readonly folder: string
  readonly maxBytes: number
  /** Folders that links may lead to, besides the file's own folder and the Hugging Face caches. */
  readonly allowPaths: readonly string[]
  /** For messages: 'model', 'data'. */
  readonly what: string
  /** The path comes from an untrusted file, not from the user. */
  readonly namedByModel?: boolean
}

const CHUNK_BYTES = 1024 * 1024

/**
 * Copies a file into `folder` under its own name while hashing it.
 * @throws ProbityError `staging/…` for a file that is missing, unreadable, empty, too large, no regular file, or a link that leads out.
 */
export async function stage(path: string, options: StagingOptions): Promise<Staged> {
  return copy(path, resolve(path), join(options.folder, basename(resolve(path))), dirname(resolve(path)), options)
}

/**
 * Stages the external files of a model beside its copy, under the locations that the model names.
 * @throws ProbityError also for locations that are absolute, climb with `..`, or collide with the model file.
 */
export async function stageExternal(locations: readonly string[], modelPath: string, options: StagingOptions): Promise<StagedExternal[]> {
  const folder = dirname(resolve(modelPath))
  const staged: StagedExternal[] = []
  for (const location of new Set(locations)) {
    if (!isInside(location)) throw new ProbityError('staging/external-location', `${modelPath}: external data "${location}" lies outside the model's folder. Save the model again with its data beside it.`)
    const target = join(options.folder, location)
    if (target === join(options.folder, basename(resolve(modelPath)))) throw new ProbityError('staging/external-location', `${modelPath}: external data "${location}" is the model file itself. Save the model again.`)
    await writing(location, options, () => mkdir(dirname(target), { recursive: true, mode: 0o700 }))
    staged.push({ location, ...(await copy(join(dirname(modelPath), location), join(folder, location), target, folder, { ...options, namedByModel: true })) })
  }
  return staged
}

/** Windows separators and drives are refused everywhere, so that a model means the same on every system. */
export const isInside = (location: string): boolean =>
  location !== '' && !/[\\:\0]/.test(location) && !location.startsWith('/') && location.split('/').every((piece) => piece !== '' && piece !== '..')

/** Copies the file at `path` to `target`; links may lead below `home`. `original` is what messages call it. */
export async function copy(original: string, path: string, target: string, home: string, options: StagingOptions): Promise<Staged> {
  const { source, real } = await openSource(original, path, home, options)
  try {
    const stats = await source.stat()
    if (stats.isDirectory()) throw refusal('directory', original, options, 'is a folder, not a file. Name the file inside it')
    if (!stats.isFile()) throw refusal('not-a-file', original, options, 'is not a regular file. Name a file on disk')
    if (options.namedByModel && (await isForeignLink(real, stats, options).catch((error: unknown) => Promise.reject(explain(error, original, options))))) throw refusal('hard-link', original, options, `has other names on its disk, and its folder is not its owner's alone, so it may be any file that somebody linked there. Copy it, or pass --allow-path ${dirname(resolve(path))}`)
    if (stats.size > options.maxBytes) throw tooLarge(original, stats.size, options)
    const destination = await writing(original, options, () => open(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600))
    try {
      const hash = createHash('sha256')
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
      let bytes = 0
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, buffer.length, bytes).catch((error: unknown) => Promise.reject(explain(error, original, options)))
        if (bytesRead === 0) break
        hash.update(buffer.subarray(0, bytesRead))
        await writing(original, options, () => destination.writeFile(buffer.subarray(0, bytesRead)))
        bytes += bytesRead
        if (bytes > options.maxBytes) throw tooLarge(original, bytes, options)
      }
      if (bytes === 0) throw refusal('empty', original, options, 'is empty. Check how it was written')
      return { original, staged: target, sha256: hash.digest('hex'), bytes }
    } finally {
      await destination.close()
    }
  } finally {
    await source.close()
  }
}

/** Resolves links first, judges where they lead, then opens the judged path without following anything that was swapped in since. */
async function openSource(original: string, path: string, home: string, options: StagingOptions): Promise<{ source: FileHandle; real: string }> {
  try {
    const real = await realpath(path)
    const isLink = (await lstat(path)).isSymbolicLink() || !under(real, await realpath(home))
    if (isLink && !(await mayLeadTo(real, home, options.allowPaths))) {
      throw new ProbityError('staging/link', `${original}: the ${options.what} is a link to ${real}, outside its own folder. Name that file itself, or pass --allow-path ${dirname(real)}.`)
    }
    // Non-blocking, so that a pipe in place of a file cannot hold the audit up.
    const source = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    if (await isAt(source, real)) return { source, real }
    await source.close()
    throw Object.assign(new Error('it was moved'), { code: 'ELOOP' })
  } catch (error) {
    throw error instanceof ProbityError ? error : explain(error, original, options)
  }
}

/** Whether the open file is the judged one: a folder on the way may have become a link since, and Linux tells where an open file lies. */
async function isAt(file: FileHandle, real: string): Promise<boolean> {
  const found = await readlink(`/proc/self/fd/${file.fd}`).catch(() => null)
  return found === null || found === real
}

/** What the system says while the private copy is written, in words. */
async function writing<T>(original: string, options: StagingOptions, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    throw new ProbityError('staging/copy', `${original}: the private copy of the ${options.what} cannot be written below ${tmpdir()}: ${messageOf(cause)}. Make room there, or set TMPDIR to a folder that has it.`, { cause })
  }
}

/** Links in folders that the user vouches for are fine, as they are in the caches of the Hugging Face hub. */
async function isForeignLink(real: string, stats: Stats, { allowPaths }: StagingOptions): Promise<boolean> {
  return mayBeForeign(stats, await stat(dirname(real))) && !(await liesIn(real, [...huggingFaceRoots(), ...allowPaths]))
}

const mayLeadTo = (real: string, home: string, allowPaths: readonly string[]): Promise<boolean> => liesIn(real, [home, ...huggingFaceRoots(), ...allowPaths])

async function liesIn(real: string, roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    const realRoot = await realpath(root).catch(() => null)
    if (realRoot !== null && (real === realRoot || under(real, realRoot))) return true
  }
  return false
}

/** Where the Hugging Face hub keeps files; its snapshots are links into a blobs folder. */
function huggingFaceRoots(): string[] {
  const { HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env
  const roots = [join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface', 'hub')]
  if (HF_HOME) roots.push(join(HF_HOME, 'hub'))
  if (HF_HUB_CACHE) roots.push(HF_HUB_CACHE)
  return roots
}

function under(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path
}

function explain(error: unknown, original: string, options: StagingOptions): ProbityError {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT': case 'ENOTDIR': return refusal('missing', original, options, 'does not exist. Check the path')
    case 'EACCES': case 'EPERM': return refusal('unreadable', original, options, 'cannot be read: permission denied. Check its permissions')
    case 'ELOOP': return refusal('link', original, options, 'is a link that leads nowhere or was changed while it was read. Name the file itself')
    case 'ENXIO': return refusal('not-a-file', original, options, 'is not a regular file. Name a file on disk')
    default: return refusal('unreadable', original, options, `cannot be read: ${error instanceof Error ? error.message : String(error)}. Check the disk`)
  }
}

const refusal = (kind: string, original: string, options: StagingOptions, why: string): ProbityError =>
  new ProbityError(`staging/${kind}`, `${original}: the ${options.what} ${why}.`)

const tooLarge = (original: string, bytes: number, options: StagingOptions): ProbityError =>
  refusal('too-large', original, options, `has ${bytes} bytes, more than the limit of ${options.maxBytes}. Use a smaller file`)
