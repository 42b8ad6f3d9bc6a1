/** @file Which operators a GPU provider left to the CPU, read from the runtime's own profile of a session's first run. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type ProfileEvent = { readonly cat?: string; readonly name?: string; readonly args?: { readonly provider?: string; readonly op_name?: string } }

export type FallbackProbe = {
  /** For the session's `profileFilePrefix`. */
  readonly prefix: string
  /** After the first run and the end of profiling: nodes per operator that ran on the CPU. */
  read(): Promise<ReadonlyMap<string, number>>
}

/** The folder is private and goes away when the profile was read. */
export async function probeFallbacks(): Promise<FallbackProbe> {
  const folder = await mkdtemp(join(tmpdir(), 'probity-profile-'))
  return {
    prefix: join(folder, 'profile'),
    async read() {
      try {
        const [file] = await readdir(folder)
        return file === undefined ? new Map<string, number>() : countFallbacks(JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[])
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

export function countFallbacks(events: readonly ProfileEvent[]): Map<string, number> {
  const nodes = new Map<string, Set<string>>()
  for (const { cat, name = '', args } of events) {
    if (cat !== 'Node' || args?.provider !== 'CPUExecutionProvider' || args.op_name === undefined) continue
    const known = nodes.get(args.op_name) ?? new Set()
    nodes.set(args.op_name, known.add(name))
  }
  return new Map(Array.from(nodes, ([operator, names]) => [operator, names.size] as const).sort(([a], [b]) => (a < b ? -1 : 1)))
}
