/** @file A table in memory as a staged file: child processes read it as they read any other data. */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import { csvOf, IN_MEMORY, type Table } from '../data/index.js'
import type { Staged } from './staging.js'

/** Writes the table into the private `folder` while hashing it. */
export async function stageTable(table: Table, folder: string): Promise<Staged> {
  if (table.arrays.length > 0 || table.images) throw new ProbityError('data/frame', `${table.path} was loaded with arrays or images, which an audit takes from the file only. Give audit() the path instead of the loaded table.`)
  const staged = join(folder, 'data.csv')
  const file = await open(staged, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for (const text of csvOf(table)) {
      const chunk = Buffer.from(text)
      hash.update(chunk)
      await file.writeFile(chunk)
      bytes += chunk.length
    }
    return { original: IN_MEMORY, staged, sha256: hash.digest('hex'), bytes }
  } finally {
    await file.close()
  }
}
