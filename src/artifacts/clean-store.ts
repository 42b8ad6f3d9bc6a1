/** @file Empties a store, touching nothing that a store did not write. */
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './user-folders.js'

/** @returns how many entries and bytes were removed */
export function cleanStore(folder: string = join(cacheFolder(), 'artifacts')): { folder: string; entries: number; bytes: number } {
  let entries = 0, bytes = 0
  for (const shard of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, shard)
    if (!/^[0-9a-f]{2}$/.test(shard) || !lstatSync(path).isDirectory()) continue
    for (const name of readdirSync(path)) {
      if (!/^[0-9a-f]{64}\.part/.test(name)) continue
      bytes += lstatSync(join(path, name)).size
      entries++
      rmSync(join(path, name))
    }
    if (readdirSync(path).length === 0) rmdirSync(path)
  }
  return { folder, entries, bytes }
}
