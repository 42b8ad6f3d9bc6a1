/** @file Transformers that ONNX Runtime's optimizers have fused, differentiated and run, against torch's gradients of the models they came from. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { readModel } from '../../src/graph/index.js'
import { largestError } from '../reference/compare.js'
import { refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

type Stored = { dims: number[]; data: number[] }
type Truth = { name: string; files: { file: string; operators: string[] }[]; logits: number[]; gradient: number[] }

const folder = new URL('../fixtures/microsoft/', import.meta.url)
const truth = JSON.parse(readFileSync(new URL('models.json', folder), 'utf8')) as { embeddings: Stored; attentionMask: Stored; labels: number[]; models: Truth[] }

const feeds = new Map([
  ['embeddings', refTensor(truth.embeddings.dims, truth.embeddings.data)],
  ['attention_mask', refTensor(truth.attentionMask.dims, truth.attentionMask.data, 'int64')],
])

describe.each(truth.models.flatMap((model) => model.files.map((file) => ({ ...model, ...file }))))('$file', ({ file, operators, logits, gradient }) => {
  const { graph } = readModel(readFileSync(new URL(file, folder)))

  test('holds fused operators', () => {
    for (const operator of operators) expect(graph.nodes.map(({ opType }) => opType)).toContain(operator)
  })

  test('has the gradient of torch', async () => {
    const differentiated = differentiate(graph, { objective: { output: 'logits', loss: 'cross-entropy' }, withRespectTo: ['embeddings'] })
    const target = differentiated.target?.name ?? ''
    const forward = await runOnnxRuntime(graph, feeds)
    expect(largestError((forward.get('logits') as RefTensor).data, logits)).toBeLessThanOrEqual(1e-5)
    const results = await runOnnxRuntime(differentiated, new Map([...feeds, [target, refTensor([truth.labels.length], truth.labels, 'int64')]]))
    const actual = results.get(differentiated.gradients.get('embeddings') ?? '') as RefTensor
    expect(actual.dims).toEqual(truth.embeddings.dims)
    expect(largestError(actual.data, gradient)).toBeLessThanOrEqual(1e-5)
    expect(differentiated.nodes.filter(({ domain }) => domain !== '').map(({ opType }) => opType)).toEqual([])
  })
})
