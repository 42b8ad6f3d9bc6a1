/** @file Runs a small graph on a provider and on the CPU. For a process of its own: a driver may crash. */
import type { Tensor } from '../../contracts/tensor.js'
import { GraphBuilder, INTERNAL_OPSET, writeModel, type Graph } from '../../graph/index.js'
import { toNumbers } from '../../tensor/tensor.js'
import { TOLERANCES } from '../device-check.js'
import type { Probe } from '../probe.js'
import type { Provider } from './devices.js'
import { loadRuntime, openSession } from './session.js'

const ROWS = 16
const WIDTH = 64

/** @throws whatever the runtime throws */
export async function tryProvider(provider: Provider): Promise<Probe> {
  const [cpu, answer] = [await answerOf('cpu'), await answerOf(provider)]
  const largest = cpu.reduce((most, value, i) => Math.max(most, Math.abs(value - answer[i])), 0) / Math.max(...cpu)
  const reason = largest <= TOLERANCES.float32 ? null : `it calculates a small network differently from the CPU, by ${largest.toPrecision(2)} of its largest answer.`
  const { env } = await loadRuntime()
  return { reason, version: env.versions.node ?? env.versions.common, ...(provider === 'webgpu' ? await adapter() : { adapter: null, software: null }) }
}

/** softmax(tanh(x · W)), which takes matrix, element and reduction kernels. */
function smallModel(): Uint8Array {
  const type = { kind: 'tensor', dtype: 'float32', dims: [ROWS, WIDTH] } as const
  const empty: Graph = { name: 'probe', inputs: [], overridable: [], outputs: [], initializers: new Map(), sparseInitializers: new Map(), nodes: [], valueInfo: new Map(), opsets: new Map([['', INTERNAL_OPSET]]) }
  const builder = new GraphBuilder(empty)
  const weights = builder.initializer({ data: waves(WIDTH * WIDTH), dims: [WIDTH, WIDTH], dtype: 'float32' })
  const x = builder.input({ name: 'x', type })
  const y = builder.add('Softmax', [builder.add('Tanh', [builder.add('MatMul', [x, weights])])], { axis: -1 })
  builder.output({ name: y, type })
  return writeModel({ irVersion: 9, producerName: 'probity', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: {}, graph: builder.build(), functions: [] })
}

const waves = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => Math.sin(i))

async function answerOf(provider: Provider): Promise<Float64Array> {
  const session = await openSession(smallModel(), { label: 'a probe', provider })
  const x: Tensor = { data: waves(ROWS * WIDTH), dims: [ROWS, WIDTH], dtype: 'float32' }
  const [y] = (await session.run(new Map([['x', x]]))).values()
  await session.release()
  return toNumbers(y)
}

/** The adapter's name, from the `webgpu` package where it is installed: ONNX Runtime does not tell. */
async function adapter(): Promise<Pick<Probe, 'adapter' | 'software'>> {
  try {
    const { create } = await import('webgpu')
    const found = await create([]).requestAdapter()
    if (!found) return { adapter: null, software: null }
    const { vendor, architecture, description, isFallbackAdapter } = found.info
    const name = [vendor, architecture, description].filter(Boolean).join(', ')
    return { adapter: name, software: isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(name) }
  } catch {
    return { adapter: null, software: null }
  }
}
