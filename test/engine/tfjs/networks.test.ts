import { afterAll, describe, expect, test } from 'vitest'
import { loadModel, type LoadedModel } from '../../../src/engine/index.js'
import { backends, LACKING, toleranceOf } from './backends.js'
import { distance, feedsOf, folder, networks } from './networks.js'

/** Graphs of the same networks, whose values bear the names of nodes. */
const graphs: Readonly<Record<string, { readonly layers: string; readonly nodes: Readonly<Record<string, string>> }>> = {
  'graph-mlp': { layers: 'mlp-softmax', nodes: { hidden: 'StatefulPartitionedCall/mlp/hidden/Tanh' } },
  'graph-sigmoid': { layers: 'mlp-sigmoid', nodes: { hidden: 'StatefulPartitionedCall/mlp/hidden/Tanh' } },
  'graph-cnn': { layers: 'cnn', nodes: { max: 'StatefulPartitionedCall/cnn/max/MaxPool', scores: 'StatefulPartitionedCall/cnn/scores/BiasAdd' } },
  'graph-lstm': { layers: 'lstm', nodes: { embedded: 'StatefulPartitionedCall/lstm/embedded/embedding_lookup' } },
}
const names = [...Object.keys(networks), ...Object.keys(graphs)]

describe.each(backends.map((one) => [one.title, one] as const))('%s', (_title, { backend, missing }) => {
  const opened = new Map<string, Promise<LoadedModel>>()
  const open = (name: string): Promise<LoadedModel> => {
    if (!opened.has(name)) opened.set(name, loadModel(folder + name, { backend }))
    return opened.get(name)!
  }
  afterAll(async () => {
    for (const model of opened.values()) await (await model).dispose()
  })

  describe.skipIf(missing !== null).each(names)('%s', (name) => {
    const truth = networks[graphs[name]?.layers ?? name]
    const feeds = feedsOf(truth)

    test('answers as TensorFlow does', async () => {
      const outputs = await (await open(name)).predict(feeds)
      for (const [output, expected] of Object.entries(truth.outputs)) {
        expect(outputs[output].dims).toEqual(expected.dims)
        expect(distance(outputs[output], expected)).toBeLessThan(toleranceOf(backend))
      }
    })

    test.each(truth.cases.map((one) => [one.objective.loss ?? 'chosen element', one] as const))('%s: values and gradients are TensorFlow\'s', async (_, { objective, value, gradients }) => {
      const model = await open(name)
      expect(distance(await model.evaluate(feeds, objective), value)).toBeLessThan(5 * toleranceOf(backend))
      const wanted = Object.keys(gradients).flatMap((layer) => {
        const node = graphs[name] && !model.inputs.some((input) => input.name === layer) ? graphs[name].nodes[layer] : layer
        return node === undefined ? [] : [[node, gradients[layer]] as const]
      })
      const gradient = model.gradient(feeds, objective, { withRespectTo: wanted.map(([node]) => node) })
      if (LACKING[backend]?.includes(name)) return expect(gradient).rejects.toThrow(/the backend wasm has no kernel DepthwiseConv2dNativeBackpropInput\. Of the backends that are loaded, .*cpu/)
      for (const [node, expected] of wanted) {
        expect((await gradient)[node].dims).toEqual(expected.dims)
        expect(distance((await gradient)[node], expected)).toBeLessThan(5 * toleranceOf(backend))
      }
    })
  })
})
