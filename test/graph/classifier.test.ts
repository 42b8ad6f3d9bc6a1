import { readFileSync } from 'node:fs'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import type { DType } from '../../src/contracts/tensor.js'
import { toAttributes, type Attributes } from '../../src/graph/builder.js'
import { describePrediction, exposeLogits, exposeValues, readModel, upgradeModel, writeModel, type Node, type OnnxModel, type ValueInfo } from '../../src/graph/index.js'
import { fromNumbers } from '../../src/tensor/tensor.js'

/** scikit-learn's own answers, see fixtures/graph/make_classifiers.py. */
type Case = { name: string; model: string; x: number[][]; classes: string[] | null; probabilities: number[][] | null; predicted: string[] | null }
const cases = JSON.parse(readFileSync(new URL('../fixtures/graph/classifiers.json', import.meta.url), 'utf8')) as Case[]
const models = new URL('../fixtures/models/', import.meta.url)
const file = (name: string) => readModel(readFileSync(new URL(name, models)))

async function fetchValues(model: OnnxModel, names: string[], x: number[][]): Promise<Record<string, number[][]>> {
  const session = await InferenceSession.create(writeModel(exposeValues(model, names)))
  const outputs = await session.run({ [session.inputNames[0]]: new OrtTensor('float32', Float32Array.from(x.flat()), [x.length, x[0].length]) }, names)
  await session.release()
  return Object.fromEntries(names.map((name) => {
    const flat = Array.from(outputs[name].data as ArrayLike<number>, Number)
    const columns = flat.length / x.length
    return [name, x.map((_, row) => flat.slice(row * columns, (row + 1) * columns))]
  }))
}
const softmax = (row: number[]) => {
  const exponents = row.map((value) => Math.exp(value - Math.max(...row)))
  const total = exponents.reduce((a, b) => a + b, 0)
  return exponents.map((value) => value / total)
}
const expectClose = (actual: number[][], expected: number[][]) => actual.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(expected[i][j], 5)))

describe('scikit-learn models', () => {
  it.each(cases.filter(({ probabilities }) => probabilities !== null))('$name: the named output holds predict_proba', async ({ model, x, classes, probabilities }) => {
    const read = readModel(Buffer.from(model, 'base64'))
    const prediction = describePrediction(read)
    expect(prediction).toMatchObject({ kind: 'probabilities', classes, columns: classes?.length })
    expect(prediction.labelOutput).not.toBeNull()
    const upgraded = upgradeModel(read)
    const exposed = { ...upgraded, graph: exposeLogits(upgraded.graph) }
    const values = await fetchValues(exposed, [prediction.output ?? '', ...(prediction.logits ? [prediction.logits] : [])], x)
    expectClose(values[prediction.output ?? ''], probabilities ?? [])
    if (prediction.logits) expectClose(values[prediction.logits].map((row) => softmax(row.length === 1 ? [0, row[0]] : row)), probabilities ?? [])
  })
  it.each(cases.filter(({ probabilities, classes }) => probabilities === null && classes !== null))('$name: decision values, whose largest is the predicted class', async ({ model, x, classes, predicted }) => {
    const read = readModel(Buffer.from(model, 'base64'))
    const prediction = describePrediction(read)
    expect(prediction).toMatchObject({ kind: 'logits', logits: null, classes })
    const values = await fetchValues(read, [prediction.output ?? ''], x)
    expect(values[prediction.output ?? ''].map((row) => classes?.[row.indexOf(Math.max(...row))])).toEqual(predicted)
  })
  it.each(cases.filter(({ classes }) => classes === null))('$name: a score', ({ model }) => {
    expect(describePrediction(readModel(Buffer.from(model, 'base64')))).toMatchObject({ kind: 'score', output: 'variable', labelOutput: null, classes: null, columns: 1 })
  })
  it('shows the logits of a multi-class perceptron', () => {
    const model = cases.find(({ name }) => name === 'mlp, words')?.model ?? ''
    expect(describePrediction(readModel(Buffer.from(model, 'base64'))).logits).not.toBeNull()
  })
})

describe('the shared models', () => {
  it.each([
    ['hmda-logistic.onnx', { output: 'probabilities', kind: 'probabilities', logits: 'probabilities/logits', labelOutput: 'output_label', classes: ['0', '1'], columns: 2 }],
    ['hmda-forest.onnx', { output: 'probabilities', kind: 'probabilities', logits: null, labelOutput: 'output_label', classes: ['0', '1'], columns: 2 }],
    ['hmda-mlp.onnx', { output: 'logits', kind: 'logits', logits: null, labelOutput: null, classes: null, columns: 2 }],
    ['digits-cnn.onnx', { output: 'logits', kind: 'logits', logits: null, labelOutput: null, classes: null, columns: 10 }],
    ['diabetes-gbr.onnx', { output: 'variable', kind: 'score', logits: null, labelOutput: null, classes: null, columns: 1 }],
  ])('%s', (name, expected) => expect(describePrediction(file(name))).toEqual(expected))
})

const node = (opType: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node => ({ name: '', opType, domain: '', inputs, outputs, attributes: toAttributes(attributes) })
const value = (name: string, dtype: DType | null = null, dims: (number | string)[] = []): ValueInfo => ({ name, type: dtype && { kind: 'tensor', dtype, dims } })
/** z = x·w, [N, columns], then the given nodes. */
function network(columns: number, nodes: Node[], outputs: string[], metadata: Record<string, string> = {}, opset = 17): OnnxModel {
  return {
    irVersion: 8, producerName: '', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata, functions: [],
    graph: {
      name: '', inputs: [value('x', 'float32', ['N', 3])], overridable: [], outputs: outputs.map((name) => value(name)), nodes: [node('MatMul', ['x', 'w'], ['z']), ...nodes],
      initializers: new Map([['w', fromNumbers(new Float32Array(3 * columns), [3, columns], 'float32')], ['flat', fromNumbers([-1], [1], 'int64')], ['mixed', fromNumbers([-1, 2], [2], 'int64')]]),
      sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', opset]]),
    },
  }
}

describe('networks', () => {
  it.each<[string, OnnxModel, object]>([
    ['softmax', network(4, [node('Softmax', ['z'], ['p'])], ['p']), { output: 'p', kind: 'probabilities', logits: 'z', columns: 4 }],
    ['softmax of opset 11 with its default axis', network(4, [node('Softmax', ['z'], ['p'])], ['p'], {}, 11), { kind: 'probabilities', logits: 'z' }],
    ['softmax over rows is no probability of classes', network(4, [node('Softmax', ['z'], ['y'], { axis: 0 })], ['y']), { kind: 'logits', logits: null }],
    ['softmax behind Cast and Identity', network(4, [node('Softmax', ['z'], ['s']), node('Identity', ['s'], ['i']), node('Cast', ['i'], ['p'], { to: 11 })], ['p']), { kind: 'probabilities', logits: 'z' }],
    ['softmax behind a Reshape that mixes rows', network(4, [node('Softmax', ['z'], ['s']), node('Reshape', ['s', 'mixed'], ['y'])], ['y']), { kind: 'logits', logits: null }],
    ['sigmoid squeezed to a vector', network(1, [node('Sigmoid', ['z'], ['s']), node('Squeeze', ['s', 'flat'], ['p'])], ['p']), { output: 'p', kind: 'probabilities', logits: 'z', columns: 1 }],
    ['softmax written out', network(4, [node('Exp', ['z'], ['e']), node('ReduceSum', ['e', 'flat'], ['t']), node('Div', ['e', 't'], ['p'])], ['p']), { kind: 'probabilities', logits: 'z' }],
    ['log-softmax gives logits', network(4, [node('LogSoftmax', ['z'], ['y'])], ['y']), { output: 'y', kind: 'logits', logits: null }],
    ['one bare column', network(1, [], ['z']), { output: 'z', kind: 'score', columns: 1 }],
    ['one column called logit', network(1, [node('Identity', ['z'], ['logit'])], ['logit']), { output: 'logit', kind: 'logits', columns: 1 }],
    ['ArgMax: its matrix is the output', network(4, [node('Softmax', ['z'], ['p']), node('ArgMax', ['p'], ['y'], { axis: 1, keepdims: 0 })], ['y']), { output: 'p', kind: 'probabilities', logits: 'z', labelOutput: 'y', columns: 4 }],
    ['nothing but a label', network(4, [node('ReduceMax', ['z'], ['m'], { axes: [1], keepdims: 0 }), node('Cast', ['m'], ['y'], { to: 7 })], ['y']), { output: null, kind: 'label', labelOutput: 'y', columns: null }],
    ['probabilities beside an embedding', network(4, [node('Relu', ['z'], ['embedding']), node('Softmax', ['z'], ['p'])], ['embedding', 'p']), { output: 'p', kind: 'probabilities' }],
    ['names as a JSON list', network(2, [], ['z'], { classes: '["no", "yes"]' }), { classes: ['no', 'yes'] }],
    ['names between commas', network(3, [], ['z'], { class_names: 'a, b,c' }), { classes: ['a', 'b', 'c'] }],
    ['names that do not fit', network(3, [], ['z'], { labels: 'a,b' }), { classes: null }],
    ['names of a one-column sigmoid', network(1, [node('Sigmoid', ['z'], ['p'])], ['p'], { classes: 'no,yes' }), { classes: ['no', 'yes'], columns: 1 }],
  ])('%s', (_, model, expected) => expect(describePrediction(model)).toMatchObject(expected))
})

describe('exposeValues', () => {
  const model = file('hmda-forest.onnx')
  it('adds internal values with their type and drops maps', () => {
    const { graph } = exposeValues(model, ['probabilities'])
    expect(graph.outputs.map(({ name }) => name)).toEqual(['output_label', 'probabilities'])
    expect(graph.outputs[1].type).toEqual({ kind: 'tensor', dtype: 'float32', dims: [null, 2] })
    expect(graph.nodes.map(({ opType }) => opType)).not.toContain('ZipMap')
    expect(graph.inputs).toEqual(model.graph.inputs)
  })
  it('refuses a value that does not exist', () => expect(() => exposeValues(model, ['ghost'])).toThrow(expect.objectContaining({ code: 'graph/unknown-value' })))
})
