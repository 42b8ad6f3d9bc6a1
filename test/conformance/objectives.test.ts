/** @file Every objective behind a small network, against central differences in float64, and ONNX Runtime's answer against the interpreter's. */
import { describe, expect, test } from 'vitest'
import { differentiate, objectiveGraph, type ObjectiveSpec } from '../../src/autodiff/index.js'
import { LOSSES } from '../../src/contracts/objective.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'
import { TestGraph } from './build-graph.js'
import { type GraphAndFeeds, type Shapes } from './operator-case.js'
import { forAll } from './properties.js'
import type { Random } from './random.js'

type Head = 'logits' | 'softmax' | 'sigmoid'

/** x [rows, 3] → hidden layer → [rows, columns]; where shapes are symbolic, the last weight's are too, so that nobody knows the columns. */
function network(random: Random, shapes: Shapes, rows: number, columns: number, head: Head): GraphAndFeeds {
  const g = new TestGraph(shapes)
  const hidden = g.add('Tanh', [g.add('MatMul', [g.feed('x', random.tensor([rows, 3])), g.feed('W1', random.between([3, 4], -1, 1))])])
  const logits = g.add('MatMul', [hidden, g.feed('W2', random.tensor([4, columns]))])
  const output = head === 'softmax' ? g.add('Softmax', [logits], { axis: 1 }) : head === 'sigmoid' ? g.add('Sigmoid', [logits]) : logits
  g.nodes.push({ name: 'output', opType: 'Identity', domain: '', inputs: [output], outputs: ['output'], attributes: new Map() })
  return g.finish('output')
}

function targetOf(random: Random, loss: ObjectiveSpec['loss'], rows: number, columns: number): RefTensor {
  if (loss === 'binary-cross-entropy') return random.between([rows, columns], 0, 1)
  if (loss === 'mse') return random.between([rows, columns], -3, 3)
  return random.integers([rows], 0, loss !== undefined && columns === 1 ? 1 : columns - 1)
}

function centralDifferences(sumAt: (value: RefTensor) => number, value: RefTensor): number[] {
  return Array.from(value.data, (x, index) => {
    const shifted = (step: number) => refTensor(value.dims, value.data.map((other, i) => (i === index ? x + step : other)), value.dtype)
    return (sumAt(shifted(1e-5)) - sumAt(shifted(-1e-5))) / 2e-5
  })
}

const check = (loss: ObjectiveSpec['loss'], shapes: Shapes, head: Head, columns: (random: Random) => number) => forAll(async (random) => {
  const [rows, width] = [random.integer(1, 3), columns(random)]
  const { graph, feeds } = network(random, shapes, rows, width, head)
  const objective: ObjectiveSpec = { output: 'output', loss, on: head === 'logits' ? 'logits' : 'probabilities' }
  const gradient = differentiate(graph, { objective, withRespectTo: ['x', 'W1', 'W2'] })
  const forward = objectiveGraph(graph, objective)
  const fed = new Map([...feeds, ...(gradient.target ? [[gradient.target.name, targetOf(random, loss, rows, width)] as const] : [])])
  const [exact, onRuntime] = [interpret(gradient, fed), await runOnnxRuntime(gradient, fed)]
  for (const [name, output] of gradient.gradients) {
    const sumAt = (value: RefTensor) => (interpret(forward, new Map([...fed, [name, value]])).get(forward.objectiveOutput) as RefTensor).data.reduce((total, row) => total + row, 0)
    const actual = (exact.get(output) as RefTensor).data
    expect(largestError(actual, centralDifferences(sumAt, feeds.get(name) as RefTensor)), name).toBeLessThan(1e-5)
    expect(largestError((onRuntime.get(output) as RefTensor).data, actual), `${name} on ONNX Runtime`).toBeLessThan(1e-4)
  }
}, 8)

const several = (random: Random) => random.integer(2, 5)

describe.each<Shapes>(['static', 'symbolic'])('%s shapes', (shapes) => {
  test.each([undefined, ...LOSSES])('%s of logits', (loss) => check(loss, shapes, 'logits', several))
  test.each(LOSSES)('%s of probabilities', (loss) => check(loss, shapes, loss === 'binary-cross-entropy' ? 'sigmoid' : 'softmax', several))
  test.each(LOSSES)('%s of one column', (loss) => check(loss, shapes, 'logits', () => 1))
  test.each(LOSSES)('%s of one column of probabilities', (loss) => check(loss, shapes, 'sigmoid', () => 1))
})

test('a chosen element of one column', () => check(undefined, 'static', 'logits', () => 1))
