/** @file ONNX Runtime fuses a Gelu by tanh although its inside is read, and then does not open the graph; with its basic optimisations it does. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { loadModel } from '../../src/engine/index.js'
import { readModel } from '../../src/graph/index.js'

test.each(['t5.torchscript-17', 'gpt2.torchscript-17'])('%s: gradients inside its Gelu', async (name) => {
  const bytes = gunzipSync(readFileSync(new URL(`../fixtures/architectures/${name}.onnx.gz`, import.meta.url)))
  const { graph } = readModel(bytes)
  const inside = graph.nodes.filter(({ opType }) => opType === 'Tanh').slice(0, 1).flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
  expect(inside.length).toBeGreaterThan(0)
  const model = await loadModel(bytes)
  const feeds = Object.fromEntries(model.inputs.map(({ name: input, dims }) => {
    const sizes = dims!.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 2 : 5))
    const count = sizes.reduce((product, size) => product * size, 1)
    return [input, { data: BigInt64Array.from({ length: count }, () => 1n), dims: sizes }]
  }))
  const output = model.outputs.find(({ dtype }) => dtype === 'float32')!.name
  for (const value of inside) {
    const gradients = await model.gradient(feeds, { output, target: 0 }, { withRespectTo: value })
    expect(Math.max(...Array.from(gradients[value].data as Float32Array, Math.abs))).toBeGreaterThan(0)
  }
  await model.dispose()
})
