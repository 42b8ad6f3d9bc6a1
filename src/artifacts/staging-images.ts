/** @file Staging of many files: the images of a folder, or those that a table names. Their sha256 is one over sorted relative names and contents. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ProbityError, stripControls } from '../contracts/errors.js'
import { copy, isInside, type Staged, type StagingOptions } from './staging.js'

const MOST_FILES = 200_000

export const isFolder = (path: string): Promise<boolean> => stat(path).then((found) => found.isDirectory(), () => false)

/**
 * Copies a folder of folders of files, leaving out names that begin with a dot.
 * @throws ProbityError for folders within these folders, and as `stage` does for each file
 */
export async function stageFolder(path: string, options: StagingOptions): Promise<Staged> {
  const names: string[] = []
  for (const entry of await visible(path)) {
    if (!entry.isDirectory()) names.push(entry.name)
    else for (const inner of await visible(join(path, entry.name))) names.push(`${entry.name}/${inner.name}`)
    if (names.length > MOST_FILES) throw tooMany(path)
  }
  return stageNamed(names, path, options)
}

/**
 * Copies files named relative to a folder. The sha256 is that of the lines "length of the name in bytes:name:sha256 of the content".
 * @throws ProbityError for names that lead out of the folder or hold control characters, and as `stage` does for each file
 */
export async function stageNamed(names: readonly string[], folder: string, options: StagingOptions): Promise<Staged> {
  if (names.length > MOST_FILES) throw tooMany(folder)
  const target = join(options.folder, basename(resolve(folder)) || 'images')
  const hash = createHash('sha256')
  const folders = new Set<string>()
  let bytes = 0
  for (const name of [...names].sort()) {
    if (!isInside(name) || stripControls(name) !== name || name.includes('\ufffd')) throw new ProbityError('staging/name', `${folder}: the file name "${name}" climbs out of the folder, or holds characters that names of files should not. Rename it.`)
    const path = join(target, name)
    if (!folders.has(dirname(path))) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      folders.add(dirname(path))
    }
    const staged = await copy(join(folder, name), resolve(folder, name), path, resolve(folder), { ...options, maxBytes: options.maxBytes - bytes, namedByModel: true })
    hash.update(`${Buffer.byteLength(name)}:${name}:${staged.sha256}\n`)
    bytes += staged.bytes
  }
  if (names.length === 0) throw new ProbityError('staging/empty', `${folder}: the folder holds no images. Check the path.`)
  return { original: folder, staged: target, sha256: hash.digest('hex'), bytes }
}

const visible = async (folder: string) => (await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => Promise.reject(new ProbityError('staging/unreadable', `${folder}: the folder cannot be read. Check its permissions.`, { cause })))).filter(({ name }) => !name.startsWith('.'))

const tooMany = (folder: string): ProbityError => new ProbityError('staging/too-many', `${folder} holds more than ${MOST_FILES} files. Split the data.`)
