/** @file probity cache clean */
import { resolve } from 'node:path'
import { cleanStore } from '../../artifacts/clean-store.js'
import { print } from '../output.js'

export async function cleanCommand(options: { cache?: string }): Promise<number> {
  const { folder, entries, bytes } = cleanStore(options.cache === undefined ? undefined : resolve(options.cache))
  print(`Removed ${entries} entries (${(bytes / 2 ** 20).toFixed(1)} MiB) from ${folder}.`)
  return 0
}
