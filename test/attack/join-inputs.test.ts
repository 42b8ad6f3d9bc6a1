import { join } from 'node:path'
import { expect, test } from 'vitest'
import { joinInputs, pgd } from '../../src/attack/index.js'
import type { Model } from '../../src/contracts/model.js'
import type { Feeds, Tensor } from '../../src/contracts/tensor.js'
import { loadModel } from '../../src/engine/index.js'
import { linearModel } from '../fixtures/known-models.js'

const whole = linearModel([[1, -2, 0], [0, 0, 0]])
const column = (tensor: Tensor, from: number, to: number): Tensor => {
  const [rows, width] = tensor.dims
  const data = Float32Array.from({ length: rows * (to - from) }, (_, i) => Number(tensor.data[Math.floor(i / (to - from)) * width + from + (i % (to - from))]))
  return { data, dims: [rows, to - from], dtype: 'float32' }
}
const sideBySide = ({ a, bc }: Feeds): Feeds => {
  const rows = a.dims[0]
  return { x: { data: Array.from({ length: rows }, (_, i) => [a.data[i], bc.data[2 * i], bc.data[2 * i + 1]]).flat() as number[], dims: [rows, 3] } }
}
/** The same model with its first column apart from the other two. */
const parted: Model = {
  ...whole,
  inputs: [{ name: 'a', dtype: 'float32', dims: [null, 1], batchAxis: 0 }, { name: 'bc', dtype: 'float32', dims: [null, 2], batchAxis: 0 }],
  predict: (feeds) => whole.predict(sideBySide(feeds)),
  evaluate: (feeds, objective) => whole.evaluate(sideBySide(feeds), objective),
  gradient: async (feeds, objective) => {
    const { x } = await whole.gradient(sideBySide(feeds), objective)
    return { a: column(x, 0, 1), bc: column(x, 1, 3) }
  },
  dispose: async () => undefined,
}

test('an attack on parts is the attack on the whole', async () => {
  const options = { target: 0, epsilon: 0.3, bounds: [-10, 10], seed: 3 } as const
  const x = { data: [0.3, 0, 0, 0.9, 0, 0, 1.5, 0, 0.5], dims: [3, 3] }
  const { model, input, join } = joinInputs(parted, ['a', 'bc'])
  const feeds = join({ a: { data: [0.3, 0.9, 1.5], dims: [3, 1] }, bc: { data: [0, 0, 0, 0, 0, 0.5], dims: [3, 2] } })
  const [apart, together] = [await pgd(model, feeds, options), await pgd(whole, { x }, options)]
  expect(apart.success).toEqual(together.success)
  expect(apart.adversarial[input].data).toEqual(together.adversarial['x'].data)
  expect(Array.from(together.success)).toEqual([1, 0, 0])
})

test('a pipeline with an input per column is attacked in all its numeric columns', async () => {
  const model = await loadModel(join(import.meta.dirname, '../fixtures/models/breadth/input-per-column.onnx'))
  const { model: joined, input, join: joinFeeds } = joinInputs(model, ['age', 'income', 'debt'])
  const text = (value: string): { data: string[]; dims: number[] } => ({ data: [value, value], dims: [2, 1] })
  const number = (...data: number[]) => ({ data, dims: [2, 1] })
  const feeds = joinFeeds({ age: number(30, 50), income: number(20, 60), debt: number(5, 10), home: text('rent'), sex: text('f') })
  const { [input]: gradient } = await joined.gradient(feeds, { loss: 'cross-entropy', target: [0, 1] })
  const h = 1e-2
  for (let k = 0; k < 3; k++) {
    const shifted = (sign: number) => ({ ...feeds, [input]: { ...feeds[input], data: Float32Array.from(feeds[input].data as Float32Array, (value, i) => value + (i % 3 === k ? sign * h : 0)) } })
    const [up, down] = [await joined.evaluate(shifted(1), { loss: 'cross-entropy', target: [0, 1] }), await joined.evaluate(shifted(-1), { loss: 'cross-entropy', target: [0, 1] })]
    for (let row = 0; row < 2; row++) expect(Number(gradient.data[row * 3 + k])).toBeCloseTo((Number(up.data[row]) - Number(down.data[row])) / (2 * h), 3)
  }
  const { distance, zeroGradientShare } = await pgd(joined, feeds, { target: [0, 1], epsilon: 1, bounds: [0, 100] })
  expect(Math.max(...distance)).toBe(1)
  expect(zeroGradientShare === 0 || Number.isNaN(zeroGradientShare)).toBe(true)
  await model.dispose()
})
