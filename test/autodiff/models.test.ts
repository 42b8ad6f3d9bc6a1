import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { readGraph, runGraph } from './run-graph.js'
import { expectClose } from './expect-close.js'

type Expected = { features: string[]; cross_entropy_input_gradient: number[][] }
const expected = (JSON.parse(readFileSync(new URL('../fixtures/models/expected.json', import.meta.url), 'utf8')) as { 'hmda-mlp': Expected })['hmda-mlp']

function mortgages(rows: number): { x: number[]; y: number[] } {
  const [header, ...lines] = readFileSync(new URL('../fixtures/data/hmda-test.csv', import.meta.url), 'utf8').trim().split('\n').map((line) => line.trim().split(','))
  const columns = expected.features.map((name) => header.indexOf(name))
  const taken = lines.slice(0, rows)
  return { x: taken.flatMap((line) => columns.map((column) => Number(line[column]))), y: taken.map((line) => Number(line[header.indexOf('denied')])) }
}

describe('whole models', () => {
  it('gives the input gradient of cross-entropy that PyTorch gives, on the mortgage network', async () => {
    const { x, y } = mortgages(8)
    const graph = differentiate(readGraph('hmda-mlp.onnx'), { objective: { output: 'logits', loss: 'cross-entropy' }, withRespectTo: ['x'] })
    const outputs = await runGraph(graph, { x: { data: x, dims: [8, 11] }, target: { data: y, dims: [8], dtype: 'int64' } })
    const gradient = outputs[graph.gradients.get('x') ?? '']
    expect(gradient.dims).toEqual([8, 11])
    expectClose(gradient.data, expected.cross_entropy_input_gradient.flat(), 1e-5)
  })
})
