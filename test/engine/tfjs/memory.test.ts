import { createRequire } from 'node:module'
import type * as Tf from '@tensorflow/tfjs'
import { describe, expect, test } from 'vitest'
import { loadModel } from '../../../src/engine/index.js'
import { feedsOf, folder, networks } from './networks.js'

const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as typeof Tf
const held = () => ({ tensors: tf.memory().numTensors, bytes: tf.memory().numBytes })

describe.each([['mlp-softmax', 'mlp-softmax', 'hidden', 1000], ['graph-lstm', 'lstm', 'StatefulPartitionedCall/lstm/embedded/embedding_lookup', 20]] as const)('%s', (name, layers, inner, steps) => {
  test(`${steps} predictions and gradients leave nothing behind, and neither does the model`, async () => {
    const empty = held()
    const model = await loadModel(folder + name, { backend: 'cpu' })
    const feeds = feedsOf(networks[layers])
    const step = async () => {
      await model.predict(feeds)
      await model.gradient(feeds, { loss: 'cross-entropy', target: 1 }, { withRespectTo: inner })
      await model.evaluate(feeds, { loss: 'margin', target: 0 })
    }
    await step()
    const before = held()
    for (let i = 1; i < steps; i++) await step()
    expect(held()).toEqual(before)
    await model.dispose()
    await model.dispose()
    expect(held()).toEqual(empty)
    await expect(model.predict(feeds)).rejects.toThrow(/disposed/)
  }, 120_000)
})

test('what fails halfway leaves nothing behind either', async () => {
  const model = await loadModel(`${folder}cnn`, { backend: 'wasm' })
  const feeds = feedsOf(networks['cnn'])
  const before = held()
  await expect(model.gradient(feeds, { target: 0 })).rejects.toThrow(/no kernel/)
  await expect(model.gradient(feeds, { loss: 'cross-entropy', target: 0 }, { withRespectTo: 'max' })).rejects.toThrow(/no kernel/)
  expect(held()).toEqual(before)
  await model.dispose()
})
