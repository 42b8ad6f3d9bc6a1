import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Tensor } from '../../../src/contracts/tensor.js'
import { loadModel } from '../../../src/engine/index.js'
import { writeModel } from '../../../src/graph/index.js'
import { convertLayersModel } from '../../../src/tensorflow/index.js'
import { expectSame } from './compare.js'
import { layerCases } from './layer-cases.js'
import { drawing, drawn } from './save-layers.js'

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

describe('what Keras has and TensorFlow.js cannot run', () => {
  test('a causal convolution is one of steps with zeros before them', async () => {
    const draw = drawing(21)
    const options = { filters: 3, kernelSize: 3, dilationRate: 2, name: 'steps' }
    const input = tf.input({ shape: [7, 2] })
    const model = tf.model({ inputs: input, outputs: tf.layers.conv1d(options).apply(input) as tf.SymbolicTensor })
    const padded = ([x]: tf.Tensor[]) => [tf.tidy(() => model.layers[1].call(tf.pad(x, [[0, 0], [4, 0], [0, 0]]), {}) as tf.Tensor)]
    const edit = ({ config }: Record<string, unknown>) => void ((config as { layers: { config: Record<string, unknown> }[] }).layers[1].config['padding'] = 'causal')
    await expectSame(model, draw, { edit, reference: padded, gradient: 'differences' })
  })

  test.each([true, false])('a GRU that resets after the product, backwards: %s', async (backwards) => {
    const draw = drawing(22)
    const [steps, features, units] = [4, 3, 2]
    const random = (...dims: number[]): Tensor => ({ data: drawn(draw, dims.reduce((a, b) => a * b, 1)), dims, dtype: 'float32' })
    const weights = { kernel: random(features, 3 * units), recurrent_kernel: random(units, 3 * units), bias: random(2, 3 * units) }
    const config = { name: 'gru', units, reset_after: true, recurrent_activation: 'sigmoid', go_backwards: backwards, batch_input_shape: [null, steps, features] }
    const topology = { class_name: 'Sequential', config: { name: 'model', layers: [{ class_name: 'GRU', config }] } }
    const json = { format: 'layers-model' as const, topology, weightsManifest: [], generatedBy: '', convertedBy: '', signature: null, userDefinedMetadata: null }
    const converted = convertLayersModel(json, new Map(Object.entries(weights).map(([name, weight]) => [`gru/gru_cell/${name}`, weight])))
    const x = drawn(draw, steps * features)
    const session = await loadModel(writeModel(converted))
    const { gru } = await session.predict({ gru_input: { data: x, dims: [1, steps, features] } })
    await session.dispose()

    // Cho et al. 2014 with the product of the state and its bias behind the reset gate, as cuDNN has it.
    const [W, R, b] = Object.values(weights).map(({ data }) => data as Float32Array)
    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value))
    let h = new Array<number>(units).fill(0)
    for (let t = 0; t < steps; t++) {
      const row = x.subarray((backwards ? steps - 1 - t : t) * features, (backwards ? steps - t : t + 1) * features)
      const fromInput = (j: number) => row.reduce((sum, value, i) => sum + value * W[i * 3 * units + j], b[j])
      const fromState = (j: number) => h.reduce((sum, value, i) => sum + value * R[i * 3 * units + j], b[3 * units + j])
      h = h.map((before, u) => {
        const [z, r] = [sigmoid(fromInput(u) + fromState(u)), sigmoid(fromInput(units + u) + fromState(units + u))]
        return z * before + (1 - z) * Math.tanh(fromInput(2 * units + u) + r * fromState(2 * units + u))
      })
    }
    expect(gru.dims).toEqual([1, units])
    h.forEach((value, u) => expect(Math.abs((gru.data as Float32Array)[u] - value)).toBeLessThan(1e-6))
  })
})
