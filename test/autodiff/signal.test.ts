/** @file Gradients of exported networks with Fourier transforms, as PyTorch computes them. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { int, readModel, type Graph, type ValueInfo } from '../../src/graph/index.js'
import { interpret, refTensor } from '../reference/index.js'
import { expectClose } from './expect-close.js'
import { runGraph, type Values } from './run-graph.js'

type Recorded = { readonly name: string; readonly model: string; readonly x: Values; readonly gradient: Values }
const models = JSON.parse(readFileSync(new URL('../fixtures/signal/models.json', import.meta.url), 'utf8')) as Recorded[]

test.each(models.map((one) => [one.name, one] as const))('%s', async (_, { model, x, gradient }) => {
  const { graph } = readModel(gunzipSync(Buffer.from(model, 'base64')))
  const input = graph.inputs[0].name
  const gradients = differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: [input] })
  const feeds: Record<string, Values> = { [input]: x, ...(gradients.target ? { [gradients.target.name]: { data: [1, 1], dims: [2], dtype: 'int64' } } : {}) }
  const name = gradients.gradients.get(input) ?? ''
  expectClose((await runGraph(gradients, feeds))[name].data, gradient.data, 1e-5, 'gradient')
  const exact = interpret(gradients, new Map(Object.entries(feeds).map(([key, { dims, data, dtype }]) => [key, refTensor(dims, data, dtype ?? 'float32')])))
  expectClose(Array.from(exact.get(name)?.data ?? []), gradient.data, 1e-6, 'gradient in float64')
})

test('an inverse of one side that runtimes read in two ways is refused', () => {
  const tensor = (name: string, dims: readonly number[]): ValueInfo => ({ name, type: { kind: 'tensor', dtype: 'float32', dims } })
  const graphOf = (length: bigint): Graph => ({
    name: 'irfft', inputs: [tensor('x', [2, 3, 2])], overridable: [], outputs: [tensor('y', [2, Number(length), 1])], sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 20]]),
    initializers: new Map([['length', { dtype: 'int64', dims: [], data: BigInt64Array.from([length]) }]]),
    nodes: [{ name: 'inverse', opType: 'DFT', domain: '', inputs: ['x', 'length'], outputs: ['y'], attributes: new Map([['inverse', int(1)], ['onesided', int(1)]]) }],
  })
  const gradientOf = (length: bigint) => differentiate(graphOf(length), { objective: { output: 'y', loss: 'mse' }, withRespectTo: ['x'] })
  expect(() => gradientOf(6n)).toThrow(/Cut or pad the input to ⌊dft_length \/ 2⌋ \+ 1 first/)
  expect(gradientOf(5n).gradients.size).toBe(1)
})
