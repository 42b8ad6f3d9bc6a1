/** @file Model files that a command hands out: where they may go, and how they get there. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ProbityError } from '../contracts/errors.js'

export async function refuseUnwritable(out: string, model: string): Promise<void> {
  if (out === model) throw new ProbityError('usage/out', `${out} is the model itself, which is never overwritten. Name another file after -o.`)
  const folder = await stat(dirname(out)).catch(() => null)
  if (!folder?.isDirectory()) throw new ProbityError('usage/out', `The folder ${dirname(out)} does not exist. Make it first, or name another file after -o.`)
  if ((await stat(out).catch(() => null))?.isDirectory()) throw new ProbityError('usage/out', `${out} is a folder. Name a file after -o.`)
}

/** @param names the model file first: it is put in place last, so that whoever sees it finds its weights beside it */
export async function handOut(folder: string, names: readonly string[], target: string): Promise<string[]> {
  const files: string[] = []
  for (const name of [...names].reverse()) files.unshift(await moveTo(join(folder, name), join(target, name)))
  return files
}

/** Copies beside the target first, since the private folder may lie on another disk, and a reader must see all of the file or none. */
async function moveTo(from: string, to: string): Promise<string> {
  const temporary = join(dirname(to), `.${randomBytes(12).toString('hex')}.tmp`)
  try {
    await copyFile(from, temporary, constants.COPYFILE_EXCL)
    const file = await open(temporary, 'r+')
    try {
      await file.chmod(0o666 & ~process.umask())
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, to)
    return to
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
}
