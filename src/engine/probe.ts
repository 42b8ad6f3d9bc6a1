/** @file Asks in a child process whether an engine works on a provider, so that a driver that crashes is an answer and not an end. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { oneLine } from '../contracts/errors.js'
import type { EngineName } from '../contracts/model.js'
import { workerUrl } from '../package.js'

export type Probe = {
  /** Null where it ran a small graph and answered rightly; else a sentence. */
  readonly reason: string | null
  /** The engine's own. */
  readonly version: string | null
  /** What the adapter calls itself, where that can be asked. */
  readonly adapter: string | null
  /** Whether the adapter is software; null where it cannot be asked. */
  readonly software: boolean | null
}

/** Drivers compile their first shaders in this time. */
const DEADLINE_MS = 60_000
const text = { type: ['string', 'null'], maxLength: 4096 }
const isProbe = new Ajv({ allowUnionTypes: true }).compile<Probe>({
  type: 'object', additionalProperties: false, required: ['reason', 'version', 'adapter', 'software'],
  properties: { reason: text, version: text, adapter: text, software: { type: ['boolean', 'null'] } },
})
const known = new Map<string, Promise<Probe>>()

/**
 * Once per process, engine and provider.
 * @param provider cpu, webgpu or cuda; for tfjs a backend
 */
export function probe(engine: EngineName, provider: string): Promise<Probe> {
  const subject = `${engine}/${provider}`
  const earlier = known.get(subject)
  if (earlier) return earlier
  const answer = probeInChild(engine, provider)
  known.set(subject, answer)
  return answer
}

function probeInChild(engine: EngineName, provider: string): Promise<Probe> {
  // Compiled beside the worker's entry: Node 20 cannot run TypeScript.
  const entry = fileURLToPath(new URL('../engine/probe-entry.js', workerUrl()))
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, engine, provider], { timeout: DEADLINE_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 20, windowsHide: true }, (error, stdout, stderr) => {
      resolve(parse(stdout) ?? { reason: `trying it ended the process (${endOf(error)}): ${lastWords(stderr)}.`, version: null, adapter: null, software: null })
    })
  })
}

/** Drivers print to stdout too: the answer is the last line. */
function parse(stdout: string): Probe | null {
  try {
    const answer: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    return isProbe(answer) ? answer : null
  } catch {
    return null
  }
}

function endOf(error: (Error & { killed?: boolean; signal?: unknown; code?: unknown }) | null): string {
  if (error?.killed) return `no answer in ${DEADLINE_MS / 1000} s`
  return error?.signal ? String(error.signal) : `exit code ${String(error?.code ?? 0)}`
}

const lastWords = (stderr: string): string => oneLine(stderr.trimEnd().split('\n').at(-1) ?? '').slice(-300) || 'it printed nothing'
