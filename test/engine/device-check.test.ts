import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tensor, Tensors } from '../../src/contracts/tensor.js'
import { checkedAgainst } from '../../src/engine/device-check.js'
import { loadModel, type LoadedModel } from '../../src/engine/index.js'
import { integratedGradients } from '../../src/explain/index.js'
import { fromNumbers, toNumbers } from '../../src/tensor/tensor.js'

const file = new URL('../../examples/digits/digits-cnn.onnx', import.meta.url).pathname
const ROWS = 32
const image: Tensor = { data: Float32Array.from({ length: ROWS * 64 }, (_, i) => (Math.sin(i * 0.37) + 1) / 2), dims: [ROWS, 1, 8, 8], dtype: 'float32' }
const target = Array.from({ length: ROWS }, (_, row) => row % 10)
const objective = { loss: 'cross-entropy', target } as const

type Answer = 'predict' | 'evaluate' | 'gradient' | 'pathGradient'
type Distort = (values: Float64Array, dims: readonly number[]) => Float64Array

/** A stand-in for a GPU: the CPU, with one kind of answer changed. */
function pretending(model: LoadedModel, changed: Answer | null, distort: Distort): LoadedModel {
  const change = (tensor: Tensor) => fromNumbers(distort(toNumbers(tensor), tensor.dims), tensor.dims, tensor.dtype)
  const all = (tensors: Tensors): Tensors => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor)]))
  return {
    ...plain(model),
    predict: async (feeds) => (changed === 'predict' ? all(await model.predict(feeds)) : model.predict(feeds)),
    evaluate: async (feeds, asked) => (changed === 'evaluate' ? change(await model.evaluate(feeds, asked)) : model.evaluate(feeds, asked)),
    gradient: async (feeds, asked, options) => (changed === 'gradient' ? all(await model.gradient(feeds, asked, options)) : model.gradient(feeds, asked, options)),
    pathGradient: async (paths, asked) => (changed === 'pathGradient' ? all(await model.pathGradient!(paths, asked)) : model.pathGradient!(paths, asked)),
    dispose: async () => undefined,
  }
}
const plain = ({ inputs, outputs, prediction, fixedBatch, metadata, capabilities, format, producer, opset }: LoadedModel) =>
  ({ inputs, outputs, prediction, fixedBatch, metadata, capabilities, format, producer, opset, engine: { name: 'onnxruntime', version: '0', provider: 'imaginary' } })

let cpu: LoadedModel
beforeAll(async () => void (cpu = await loadModel(file, { device: 'cpu' })))
afterAll(() => cpu.dispose())

const checked = (changed: Answer | null, distort: Distort = (values) => values) => checkedAgainst(pretending(cpu, changed, distort), async () => pretending(cpu, null, distort), 'float32')
const scaled = (factor: number): Distort => (values) => values.map((value) => value * factor)
const input = () => cpu.inputs[0].name

describe('a GPU that calculates as the CPU does', () => {
  test('is recorded with the rows that were compared', async () => {
    const model = checked(null)
    await model.predict({ [input()]: image })
    await model.gradient({ [input()]: image }, objective)
    expect(model.deviceLog.record()).toEqual({
      check: { predictions: { rows: 8, unsettled: 0, largest: expect.closeTo(0, 5) }, gradients: { rows: 8, unsettled: 0, largest: expect.closeTo(0, 5) }, tolerance: 1e-3 },
      fallbacks: [],
    })
  })
  test('is checked at the first, second, fourth, eighth … call of a job, and anew in the next job', async () => {
    const model = checked(null)
    for (let call = 0; call < 9; call++) await model.predict({ [input()]: image })
    expect(model.deviceLog.record().check.predictions?.rows).toBe(8 + 3 * 2)
    model.deviceLog.start(1, 'another')
    expect(model.deviceLog.record().check.predictions).toBeNull()
    await model.predict({ [input()]: image })
    expect(model.deviceLog.record().check.predictions?.rows).toBe(8)
  })
  test('may differ by rounding, which is recorded', async () => {
    const model = checked('predict', scaled(1 + 5e-4))
    await model.predict({ [input()]: image })
    const { largest } = model.deviceLog.record().check.predictions!
    expect(largest).toBeGreaterThan(4e-4)
    expect(largest).toBeLessThan(6e-4)
  })
})

describe('a GPU that calculates wrong is refused', () => {
  const refused = /differ from the CPU's by .* of their largest magnitude; at most 0\.001 is rounding\..*--device cpu/
  test.each<[Answer, (model: LoadedModel) => Promise<unknown>]>([
    ['predict', (model) => model.predict({ [input()]: image })],
    ['evaluate', (model) => model.evaluate({ [input()]: image }, objective)],
    ['gradient', (model) => model.gradient({ [input()]: image }, objective)],
    ['pathGradient', (model) => integratedGradients(model, { [input()]: image }, { target, steps: 8 })],
  ])('in %s', async (answer, ask) => {
    await expect(ask(checked(answer, scaled(1.01)))).rejects.toThrow(refused)
    await expect(ask(checked(answer))).resolves.toBeDefined()
  })
  test('in one element of each row', async () => {
    const first: Distort = (values, dims) => values.map((value, i) => (i % (values.length / dims[0]) === 3 ? value + 1 : value))
    await expect(checked('predict', first).predict({ [input()]: image })).rejects.toThrow(refused)
  })
  test('in values that are no numbers', async () => {
    await expect(checked('gradient', (values) => values.fill(NaN)).gradient({ [input()]: image }, objective)).rejects.toThrow(/differ from the CPU's beyond measure/)
  })
  test('in an answer of zeros', async () => {
    await expect(checked('gradient', (values) => values.fill(0)).gradient({ [input()]: image }, objective)).rejects.toThrow(refused)
  })
})

describe('what rounding explains is no fault', () => {
  test('noise in gradients of a loss that is already flat', async () => {
    // Rows that the model is sure of: the loss's derivative is p − 1, which float32 rounds at 6e-8.
    const sure = await sureRows()
    const noise: Distort = (values) => values.map((value, i) => value + (i % 2 ? 1e-7 : -1e-7))
    const model = checked('gradient', noise)
    await model.gradient({ [input()]: sure.image }, { loss: 'cross-entropy', target: sure.target })
    const { gradients } = model.deviceLog.record().check
    expect(gradients?.unsettled).toBeGreaterThan(0)
  })
})

/** Images that are pushed along the gradient until the model is sure. */
async function sureRows(): Promise<{ image: Tensor; target: number[] }> {
  let values = toNumbers(image)
  for (;;) {
    const gradient = toNumbers((await cpu.gradient({ [input()]: fromNumbers(values, image.dims, 'float32') }, objective))[input()])
    if (gradient.every((value) => Math.abs(value) < 1e-5)) break
    values = values.map((value, i) => value - 0.1 * Math.sign(gradient[i]))
  }
  return { image: fromNumbers(values, image.dims, 'float32'), target }
}
