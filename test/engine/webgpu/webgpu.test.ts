import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Report } from '../../../src/contracts/report.js'
import type { Tensor } from '../../../src/contracts/tensor.js'
import { loadModel, type LoadedModel } from '../../../src/engine/index.js'
import { audit } from '../../../src/index.js'
import { toNumbers } from '../../../src/tensor/tensor.js'
import { missing } from './adapter.js'

const mortgage = new URL('../../../examples/mortgage', import.meta.url).pathname
/** Few operators: each takes SwiftShader a second or so to compile. */
const mlp = join(mortgage, 'hmda-mlp-lean.onnx')
const FEATURES = ['debt_to_income', 'housing_to_income', 'loan_to_value', 'consumer_credit_score', 'mortgage_credit_score', 'public_bad_credit', 'self_employed', 'industry_unemployment_rate', 'condominium']
const ROWS = 4
const x: Tensor = { data: Float32Array.from({ length: ROWS * FEATURES.length }, (_, i) => Math.sin(i * 0.37)), dims: [ROWS, FEATURES.length], dtype: 'float32' }
const suite = missing === null ? describe : describe.skip

/** Largest difference over the largest magnitude. */
function apart(a: Tensor, b: Tensor): number {
  const [x, y] = [toNumbers(a), toNumbers(b)]
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0) / y.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}

suite(`ONNX Runtime on WebGPU${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let cpu: LoadedModel, gpu: LoadedModel
  beforeAll(async () => {
    cpu = await loadModel(mlp, { device: 'cpu' })
    gpu = await loadModel(mlp, { device: 'webgpu' })
  }, 120_000)
  afterAll(async () => {
    await gpu?.dispose()
    await cpu?.dispose()
  })

  test('names the provider, and predicts and differentiates as the CPU does', async () => {
    expect(gpu.engine).toEqual({ ...cpu.engine, provider: 'webgpu' })
    const feeds = { [cpu.inputs[0].name]: x }
    const objective = { loss: 'cross-entropy', target: [0, 1, 1, 0] } as const
    const name = cpu.prediction.output!
    expect(apart((await gpu.predict(feeds))[name], (await cpu.predict(feeds))[name])).toBeLessThan(1e-5)
    const input = cpu.inputs[0].name
    expect(apart((await gpu.gradient(feeds, objective))[input], (await cpu.gradient(feeds, objective))[input])).toBeLessThan(1e-4)
    const record = gpu.deviceLog!.record()
    expect(record.check.predictions).toMatchObject({ rows: ROWS, unsettled: 0 })
    expect(record.check.gradients).toMatchObject({ rows: ROWS, unsettled: 0 })
  }, 300_000)

  test('an audit says how the GPU compared with the CPU, and gives the CPU\'s numbers', async () => {
    const run = async (device: 'cpu' | 'webgpu'): Promise<Report> => audit({
      model: { path: mlp, output: { classes: [0, 1] } },
      data: { path: join(mortgage, 'hmda-test.csv'), label: 'denied', positive: 1, favorable: 0, features: FEATURES, sensitive: ['black'], rows: '0:200' },
      audits: { 'fairness/demographic-parity-difference': {}, 'robustness/fgsm': { epsilon: 0.1, rows: 20 } },
    }, { device, cache: false })
    const [onCpu, onGpu] = [await run('cpu'), await run('webgpu')]
    expect(onCpu.engine.device).toBeUndefined()
    const { provider, device } = onGpu.engine
    expect([provider, device?.check.tolerance]).toEqual(['webgpu', 1e-3])
    // Eight of the first call of each job, and two of some later ones.
    for (const kind of ['predictions', 'gradients'] as const) expect(device?.check[kind]?.rows, kind).toBeGreaterThanOrEqual(8)
    expect(device!.check.gradients!.largest).toBeLessThan(1e-4)
    expect(onGpu.results.map(({ key, value }) => [key, value])).toEqual(onCpu.results.map(({ key, value }) => [key, value]))
  }, 600_000)
})

test('a device that is not there is refused with what to do', async () => {
  const { cudaLibrary } = await import('../../../src/engine/onnxruntime/devices.js')
  if (cudaLibrary() !== null) return
  await expect(loadModel(readFileSync(mlp), { device: 'cuda' })).rejects.toThrow(/The device cuda cannot be used: .*(install\.js|--device webgpu).* Or use --device cpu; "probity doctor" shows what is there\./)
}, 60_000)
