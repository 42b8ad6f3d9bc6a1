/** @file Seeds, and files that cases are written to. */
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

export const read = (path) => readFileSync(join(root, path))
/** Every file of a folder with an ending, in order of names, up to a size. */
export const readAll = (folder, ending, mostBytes = Infinity) => readdirSync(join(root, folder)).filter((name) => name.endsWith(ending)).sort().map((name) => read(join(folder, name))).filter(({ length }) => length <= mostBytes)

/** One file that is written again for each case. */
export function slot(folder, name) {
  const path = join(folder, name)
  closeSync(openSync(path, 'w'))
  return {
    path,
    write(bytes) {
      const file = openSync(path, 'r+')
      ftruncateSync(file, bytes.length)
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at)
      closeSync(file)
    },
  }
}
