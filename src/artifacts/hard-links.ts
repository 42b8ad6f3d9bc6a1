/**
 * @file Hard links. A file with several names may belong anywhere on its disk, and no path tells: a model's "weights" could be another user's secret, linked into
 * a folder that many write to. Package managers and `cp -l` link files, too.
 */
import type { Stats } from 'node:fs'

type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>

const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002

/**
 * Whether somebody else than the file's owner can have put this name into the folder. If the folder is the owner's alone, the link shows nothing that its
 * maker could not have copied. Windows makes links only to files that one may change, and has no owners to compare.
 *
 * @param ownGroup the group of this process, which umasks such as 002 let write
 */
export function mayBeForeign(file: Owned & Pick<Stats, 'nlink'>, folder: Owned, ownGroup: number | undefined = process.getgid?.()): boolean {
  if (file.nlink <= 1 || ownGroup === undefined) return false
  return folder.uid !== file.uid || (folder.mode & OTHERS_WRITE) !== 0 || ((folder.mode & GROUP_WRITES) !== 0 && folder.gid !== ownGroup)
}
