/** @file Writing a file so that a reader sees either all of it or none, whenever the process or the machine stops. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Writes the pieces to a randomly named file beside `path`, makes them durable, then moves the file into place. An existing file stays with `keepExisting`. */
export async function writeAtomically(path: string, pieces: readonly Uint8Array[], { keepExisting = false } = {}): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = join(folder, `.${randomBytes(12).toString('hex')}.tmp`)
  const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o600)
  try {
    try {
      for (const piece of pieces) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    if (keepExisting) await link(temporary, path).catch(ignoreExisting)
    else await rename(temporary, path)
    await syncFolder(folder)
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
}

/** The new name itself must reach the disk; Windows has no way to ask for it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
