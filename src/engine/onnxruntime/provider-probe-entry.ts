/** @file Entry of the child that tries a GPU provider: runs a small graph there and on the CPU, and prints what it found as one line of JSON. */
import { writeSync } from 'node:fs'
import { messageOf } from '../../contracts/errors.js'
import type { Tensor } from '../../contracts/tensor.js'
import { GraphBuilder, INTERNAL_OPSET, writeModel, type Graph } from '../../graph/index.js'
import { toNumbers } from '../../tensor/tensor.js'
import type { GpuProvider } from './devices.js'
import type { ProbeAnswer } from './provider-probe.js'
import { openSession } from './session.js'

const ROWS = 16
const WIDTH = 64
/** As for any result of a GPU: see device-check.ts. */
const TOLERANCE = 1e-3

/** softmax(tanh(x · W)), which takes matrix, element and reduction kernels. */
function smallModel(): Uint8Array {
  const dims = [ROWS, WIDTH]
  const type = { kind: 'tensor', dtype: 'float32', dims } as const
  const empty: Graph = { name: 'probe', inputs: [], overridable: [], outputs: [], initializers: new Map(), sparseInitializers: new Map(), nodes: [], valueInfo: new Map(), opsets: new Map([['', INTERNAL_OPSET]]) }
  const builder = new GraphBuilder(empty)
  const weights = builder.initializer({ data: waves(WIDTH * WIDTH), dims: [WIDTH, WIDTH], dtype: 'float32' })
  const x = builder.input({ name: 'x', type })
  const y = builder.add('Softmax', [builder.add('Tanh', [builder.add('MatMul', [x, weights])])], { axis: -1 })
  builder.output({ name: y, type })
  return writeModel({ irVersion: 9, producerName: 'probity', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: {}, graph: builder.build(), functions: [] })
}

const waves = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => Math.sin(i))

async function answerOf(provider: GpuProvider | 'cpu'): Promise<Float64Array> {
  const session = await openSession(smallModel(), { label: 'a probe', provider })
  const x: Tensor = { data: waves(ROWS * WIDTH), dims: [ROWS, WIDTH], dtype: 'float32' }
  const [y] = (await session.run(new Map([['x', x]]))).values()
  await session.release()
  return toNumbers(y)
}

/** The adapter's name, from the `webgpu` package where it is installed: ONNX Runtime does not tell. */
async function adapter(): Promise<Pick<ProbeAnswer, 'adapter' | 'software'>> {
  try {
    const { create } = await import('webgpu')
    const found = await create([]).requestAdapter()
    if (!found) return { adapter: null, software: null }
    const { vendor, architecture, description, isFallbackAdapter } = found.info
    const name = [vendor, architecture, description].filter(Boolean).join(' ')
    return { adapter: name, software: isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(name) }
  } catch {
    return { adapter: null, software: null }
  }
}

async function probe(provider: GpuProvider): Promise<ProbeAnswer> {
  try {
    const [cpu, gpu] = [await answerOf('cpu'), await answerOf(provider)]
    const largest = cpu.reduce((most, value, i) => Math.max(most, Math.abs(value - gpu[i])), 0) / Math.max(...cpu)
    const reason = largest <= TOLERANCE ? null : `it calculates a small network differently from the CPU, by ${largest.toPrecision(2)} of its largest answer.`
    return { reason, ...(provider === 'webgpu' ? await adapter() : { adapter: null, software: false }) }
  } catch (error) {
    return { reason: `${inShort(messageOf(error))}.`, adapter: null, software: null }
  }
}

/** The runtime puts the place in its own source and the condition before what went wrong. */
const inShort = (message: string): string => message.replace(/^.*? was false\. /, '').replace(/^.*could not open a probe: /, '').replace(/\.$/, '')

// Whatever libraries do as the process ends must not take the answer along.
const answer = await probe(process.argv[2] as GpuProvider)
writeSync(1, `\n${JSON.stringify(answer)}\n`)
process.kill(process.pid, 'SIGKILL')
