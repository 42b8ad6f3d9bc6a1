/** @file Empties a store, touching nothing that a store did not write. */
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import { cacheFolder } from './user-folders.js'

const ENTRY = /^[0-9a-f]{64}\.part$/
/** What an audit was writing when it was killed, or is writing now; the age tells. */
const TEMPORARY = /^\.[0-9a-f]{24}\.tmp$/
const ABANDONED_MS = 60 * 60_000

/**
 * @returns how many entries and bytes were removed
 * @throws ProbityError when the folder is a file
 */
export function cleanStore(folder: string = join(cacheFolder(), 'artifacts')): { folder: string; entries: number; bytes: number } {
  let entries = 0, bytes = 0
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new ProbityError('store/folder', `${folder} is a file, not the folder of a cache. Give the folder that was given to audit --cache.`)
  for (const shard of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, shard)
    if (!/^[0-9a-f]{2}$/.test(shard) || !lstatSync(path).isDirectory()) continue
    for (const name of readdirSync(path)) {
      const stats = lstatSync(join(path, name))
      const removable = ENTRY.test(name) || (TEMPORARY.test(name) && Date.now() - stats.mtimeMs > ABANDONED_MS)
      if (!removable || !stats.isFile()) continue
      bytes += stats.size
      entries++
      rmSync(join(path, name))
    }
    if (readdirSync(path).length === 0) rmdirSync(path)
  }
  return { folder, entries, bytes }
}
