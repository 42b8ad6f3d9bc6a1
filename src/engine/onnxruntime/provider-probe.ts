/** @file Asks in a child process whether a GPU provider works, so that a driver that crashes is an answer and not an end. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { oneLine } from '../../contracts/errors.js'
import { workerUrl } from '../../package.js'
import type { GpuProvider } from './devices.js'

export type ProviderProbe = {
  readonly provider: GpuProvider
  /** Null where it ran a small graph and answered as the CPU does; else a sentence. */
  readonly reason: string | null
  /** What the adapter calls itself, where that can be asked. */
  readonly adapter: string | null
  /** Whether the adapter is software; null where it cannot be asked. */
  readonly software: boolean | null
}
export type ProbeAnswer = Omit<ProviderProbe, 'provider'>

/** Drivers compile their first shaders in this time. */
const DEADLINE_MS = 60_000
const text = { type: ['string', 'null'], maxLength: 4096 }
const isAnswer = new Ajv({ allowUnionTypes: true }).compile<ProbeAnswer>({
  type: 'object', additionalProperties: false, required: ['reason', 'adapter', 'software'], properties: { reason: text, adapter: text, software: { type: ['boolean', 'null'] } },
})
const known = new Map<GpuProvider, Promise<ProviderProbe>>()

/** Once per process and provider. */
export function probeProvider(provider: GpuProvider): Promise<ProviderProbe> {
  const earlier = known.get(provider)
  if (earlier) return earlier
  const probe = probeInChild(provider).then((answer) => ({ provider, ...answer }))
  known.set(provider, probe)
  return probe
}

function probeInChild(provider: GpuProvider): Promise<ProbeAnswer> {
  // Compiled beside the worker's entry: Node 20 cannot run TypeScript.
  const entry = fileURLToPath(new URL('../engine/onnxruntime/provider-probe-entry.js', workerUrl()))
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, provider], { timeout: DEADLINE_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 20, windowsHide: true }, (error, stdout, stderr) => {
      resolve(parse(stdout) ?? { reason: `trying it ended the process (${endOf(error)}): ${lastWords(stderr)}.`, adapter: null, software: null })
    })
  })
}

/** Drivers print to stdout too: the answer is the last line. */
function parse(stdout: string): ProbeAnswer | null {
  try {
    const answer: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    return isAnswer(answer) ? answer : null
  } catch {
    return null
  }
}

function endOf(error: (Error & { killed?: boolean; signal?: unknown; code?: unknown }) | null): string {
  if (error?.killed) return `no answer in ${DEADLINE_MS / 1000} s`
  return error?.signal ? String(error.signal) : `exit code ${String(error?.code ?? 0)}`
}

const lastWords = (stderr: string): string => oneLine(stderr.trimEnd().split('\n').at(-1) ?? '').slice(-300) || 'it printed nothing'
