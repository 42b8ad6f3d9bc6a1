/**
 * @file How a child process is started so that it can do little harm: limits of the shell everywhere but on Windows and, on Linux where this user
 * may make them, namespaces of its own.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants, cpus } from 'node:os'

/** What the system enforces; the rest is only watched from inside the child. */
export type Confinement = {
  /** Its address space has a limit. */
  readonly addressSpace: boolean
  /** It reaches no network, not even the machine's own ports. */
  readonly network: boolean
  /** It cannot read or signal other processes, and nothing that it starts outlives it. */
  readonly processes: boolean
  /** It writes nowhere but in the run's working folder. */
  readonly files: boolean
}

export type LaunchOptions = {
  /** Program and arguments. */
  readonly command: readonly string[]
  /** Folder in which it starts, inside `writableFolder`. */
  readonly folder: string
  readonly writableFolder: string
  readonly environment: NodeJS.ProcessEnv
  readonly maxMemoryMb: number
  readonly confinement: Confinement
}

/** Address space that Node, ONNX Runtime and DuckDB reserve before any work: 1.5 GB measured on two cores, and stacks for their threads. */
const BASELINE_MB = 1536
const BASELINE_PER_CORE_MB = 32
const MAX_OPEN_FILES = 4096
const PROBE_TIMEOUT_MS = 3000

/** $1: address space in KiB, or 0. A lower hard limit that is already in force stays. */
const LIMIT = `ulimit -c 0; ulimit -n ${MAX_OPEN_FILES} 2>/dev/null; [ "$1" = 0 ] || ulimit -v "$1" 2>/dev/null; shift; exec "$@"`
/** The end of this process ends the child at once, whatever it is doing; the check is for an end that came before that was arranged. */
const DIE_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL']
const CHECK_PARENT = `[ "$PPID" = ${process.pid} ] || exit 125; `
const NAMESPACES = ['unshare', '--user', '--map-root-user', '--net', '--pid', '--mount', '--fork', '--kill-child']
/**
 * $1: what stays writable, $2: where to go on. Everything else becomes read-only, and /run empty: sockets lie there that lead to the desktop's session
 * and to container engines, and a network namespace does not close those.
 */
const READ_ONLY = '{ mount -n --bind "$1" "$1" && mount -n -a -o remount,bind,ro && mount -n -o remount,bind,rw "$1" && { [ ! -d /run ] || mount -n -t tmpfs -o ro,size=4k none /run; } && cd "$2"; } >/dev/null 2>&1 || exit 125; shift 2; '
/**
 * No right over the namespaces goes to the command, so that it can undo nothing in them. The first process of a namespace cannot be signalled from
 * inside, and its end is the end of all others; Node cannot be that, so the shell waits for it.
 */
const WITHOUT_RIGHTS = 'setpriv --no-new-privs --bounding-set -all --inh-caps -all "$@"; exit $?'
/** How a shell says that a process ended by a signal. */
const SIGNAL_BASE = 128

export const UNCONFINED: Confinement = { addressSpace: false, network: false, processes: false, files: false }
let available: Confinement | null = null

/**
 * The most that this system grants this user; tried out once, by the means of a real child.
 * @param folder a private folder, for the trial
 */
export function availableConfinement(folder: string): Confinement {
  if (available) return available
  if (process.platform !== 'linux' || !existsSync('/bin/sh')) return (available = UNCONFINED)
  const network = { addressSpace: true, network: true, processes: true, files: false }
  return (available = [{ ...network, files: true }, network].find((confinement) => works(confinement, folder)) ?? { ...UNCONFINED, addressSpace: true })
}

function works(confinement: Confinement, folder: string): boolean {
  const [program, ...rest] = wrap({ command: ['true'], folder, writableFolder: folder, environment: process.env, maxMemoryMb: 0, confinement })
  return spawnSync(program!, rest, { cwd: folder, stdio: 'ignore', timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL' }).status === 0
}

/** Starts the command with pipes for stdin, stdout, stderr and descriptor 3, as the leader of a process group that can be killed as a whole. */
export function launch(options: LaunchOptions): ChildProcess {
  const [program, ...rest] = wrap(options)
  return spawn(program!, rest, { cwd: options.folder, env: options.environment, stdio: ['pipe', 'pipe', 'pipe', 'pipe'], detached: process.platform !== 'win32', windowsHide: true })
}

/** The process that a child launched so finds to be its parent. */
export const parentSeenFrom = ({ processes }: Confinement): number => (processes ? 1 : process.pid)

/** How the command itself ended, seen through whatever waited for it. */
export function endOf({ processes }: Confinement, exitCode: number | null, signal: NodeJS.Signals | null): { exitCode: number | null; signal: NodeJS.Signals | null } {
  const relayed = processes && exitCode !== null && exitCode > SIGNAL_BASE ? Object.entries(constants.signals).find(([, number]) => number === exitCode - SIGNAL_BASE) : undefined
  return relayed ? { exitCode: null, signal: relayed[0] as NodeJS.Signals } : { exitCode, signal }
}

function wrap({ command, folder, writableFolder, maxMemoryMb, confinement }: LaunchOptions): readonly string[] {
  if (process.platform === 'win32') return command
  const limitKb = confinement.addressSpace ? (BASELINE_MB + BASELINE_PER_CORE_MB * cpus().length + maxMemoryMb) * 1024 : 0
  const limited = (check: string, inner: readonly string[]) => ['/bin/sh', '-c', check + LIMIT, 'sh', String(limitKb), ...inner]
  if (!confinement.processes) return limited('', command)
  const first = confinement.files ? [READ_ONLY + WITHOUT_RIGHTS, 'sh', writableFolder, folder] : [WITHOUT_RIGHTS, 'sh']
  return [...DIE_WITH_PARENT, ...limited(CHECK_PARENT, [...NAMESPACES, '/bin/sh', '-c', ...first, ...command])]
}
