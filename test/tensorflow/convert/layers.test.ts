import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, test } from 'vitest'
import { expectSame } from './compare.js'
import { layerCases } from './layer-cases.js'
import { drawing } from './save-layers.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

describe('every layer, held against TensorFlow.js', () => {
  test.each(layerCases(drawing(1)).map((layerCase, i) => [layerCase.name, layerCase, i] as const))('%s', async (_, { model, ...comparison }, i) => {
    const made = model()
    await expectSame(made, drawing(1000 + i), comparison)
    made.dispose()
  })
})
