import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Model } from '../../src/contracts/model.js'
import { loadModel } from '../../src/engine/index.js'
import { integratedGradients } from '../../src/explain/index.js'
import { readColumns } from '../fixtures/read-columns.js'

const models = new URL('../fixtures/models/', import.meta.url).pathname
const small = new URL('../fixtures/engine/', import.meta.url).pathname

/** The same model, which follows no paths by itself. */
const pointByPoint = (model: Model): Model => new Proxy(model, {
  get(target, key) {
    if (key === 'pathGradient') return undefined
    const value: unknown = Reflect.get(target, key, target)
    return typeof value === 'function' ? (value.bind(target) as unknown) : value
  },
})

const columns = readColumns('hmda-test.csv')
const features = (JSON.parse(readFileSync(`${models}expected.json`, 'utf8')) as { 'hmda-mlp': { features: string[] } })['hmda-mlp'].features
const rows = { data: Float32Array.from({ length: 88 }, (_, i) => columns.get(features[i % 11])![Math.floor(i / 11)]), dims: [8, 11] }
const pixels = [...readColumns('digits.csv')].filter(([name]) => name !== 'target').map(([, values]) => values)
const image = { data: Float32Array.from({ length: 256 }, (_, i) => pixels[i % 64][1200 + Math.floor(i / 64)] / 16), dims: [4, 1, 8, 8] }

const cases = [['mortgage network', 'hmda-mlp', { x: rows }, Array.from({ length: 8 }, (_, row) => row % 2)], ['network of digits', 'digits-cnn', { image }, [1, 2, 3, 4]]] as const
test.each(cases)('%s: what the model sums along paths is what its points add up to, in runs of any size', async (_, name, feeds, target) => {
  const model = await loadModel(`${models}${name}.onnx`, { threads: 1 })
  const [input] = Object.keys(feeds)
  const expected = (await integratedGradients(pointByPoint(model), feeds, { target, steps: 20, baselines: 0.1 })).attributions[input]
  const scale = Math.max(...Array.from(expected.data as Float64Array, Math.abs))
  expect(model.pathGradient).toBeDefined()
  for (const blockRows of [1, 7, 20, 45, 1024]) {
    const { attributions } = await integratedGradients(model, feeds, { target, steps: 20, baselines: 0.1, blockRows })
    expect(attributions[input].dims).toEqual(expected.dims)
    attributions[input].data.forEach((value, i) => expect(Math.abs(Number(value) - Number(expected.data[i])) / scale).toBeLessThan(1e-5))
  }
  await model.dispose()
})

test('a model fixed to a batch size follows no paths by itself', async () => {
  const model = await loadModel(`${small}fixed-batch.onnx`, { threads: 1 })
  expect(model.pathGradient).toBeUndefined()
  await model.dispose()
})

test('as many starts as ends are asked for', async () => {
  const model = await loadModel(`${models}hmda-mlp.onnx`, { threads: 1 })
  const paths = { ends: { x: rows }, starts: { x: { data: new Float32Array(11), dims: [1, 11] } }, nodes: new Float64Array([0.5]), weights: new Float64Array([1]), blockRows: 8 }
  await expect(model.pathGradient!(paths, { target: 0 })).rejects.toThrow('1 starts of paths for 8 ends')
  await model.dispose()
})
