/** @file What one run works with: a private folder, the store and the child processes. All of it goes away with the run, however it ends. */
import type { Jobs, JobsOptions } from './jobs.js'
import type { Store } from './store.js'

export type WorkspaceOptions = Omit<JobsOptions, 'folder'> & {
  /** `--cache DIR`; null: the user's cache folder, or none under CI. */
  readonly cacheFolder: string | null
  /** `--no-cache` is false; undefined decides by CI. */
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
