/** @file Entry of the child that tries an engine on a provider, and prints what it found as one line of JSON. */
import { writeSync } from 'node:fs'
import { messageOf } from '../contracts/errors.js'
import type { Backend, EngineName } from '../contracts/model.js'
import type { Provider } from './onnxruntime/devices.js'
import { tryProvider } from './onnxruntime/try-provider.js'
import type { Probe } from './probe.js'
import { openRuntime } from './tfjs/runtime.js'

async function tryBackend(backend: Backend): Promise<Probe> {
  const { tf, info, alone } = await openRuntime('auto', backend)
  const answer = await alone(async () => Array.from(await tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).data()))
  return { reason: answer[0] === 11 ? null : `it says that 1 · 3 + 2 · 4 is ${String(answer[0])}.`, version: info.version, adapter: null, software: null }
}

/** The runtime puts the place in its own source and the condition before what went wrong. */
const inShort = (message: string): string => message.replace(/^.*? was false\. /, '').replace(/^.*could not open a probe: /, '').replace(/\.?$/, '.')

const [, , engine, provider] = process.argv as unknown as [string, string, EngineName, string]
const answer = await (engine === 'tfjs' ? tryBackend(provider as Backend) : tryProvider(provider as Provider)).catch(
  (error: unknown): Probe => ({ reason: inShort(messageOf(error)), version: null, adapter: null, software: null }),
)
writeSync(1, `\n${JSON.stringify(answer)}\n`)
// Whatever libraries do as the process ends must not take the answer along.
process.kill(process.pid, 'SIGKILL')
