/** @file What one run works with: a private folder, the store and the child processes. All of it goes away with the run, however it ends. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { messageOf } from '../contracts/errors.js'
import { createJobs, type Jobs, type JobsOptions } from './jobs.js'
import { makePrivateFolder } from './private-folder.js'
import { defaultStoreFolder, openStore, readSecret, type Store } from './store.js'

export type WorkspaceOptions = Omit<JobsOptions, 'folder'> & {
  /** `--cache DIR`; null: the user's cache folder, or none under CI. */
  readonly cacheFolder: string | null
  /** False: nothing is kept beyond the run. */
  readonly cache?: boolean
  readonly onWarning: (text: string) => void
}

export type Workspace = {
  /** Private (0700), removed at the end. */
  readonly folder: string
  readonly store: Store
  readonly jobs: Jobs
  close(): Promise<void>
}

/** @throws ProbityError when the cache folder or its key cannot be used */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { folder, remove } = makePrivateFolder()
  try {
    const store = await openStoreOf(options, folder)
    const jobs = createJobs({ ...options, folder })
    return {
      folder, store, jobs,
      close: async () => {
        await jobs.close()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** Only a folder that was asked for is a reason to stop; where the user's own cannot be used, the audit keeps nothing and says so. */
async function openStoreOf({ cache, cacheFolder, onWarning }: WorkspaceOptions, privateFolder: string): Promise<Store> {
  const kept = cache === false ? null : (cacheFolder ?? defaultStoreFolder())
  const forThisRun = () => openStore({ folder: join(privateFolder, 'store'), persistent: false, secret: randomBytes(32), onWarning })
  if (kept === null) return forThisRun()
  try {
    return await openStore({ folder: kept, persistent: true, secret: await readSecret(), onWarning })
  } catch (error) {
    if (cacheFolder !== null) throw error
    onWarning(`${messageOf(error)} This audit keeps no intermediate results.`)
    return forThisRun()
  }
}
