/** @file Models with functions of their own, against what ONNX Runtime makes of the file and PyTorch of the same formula. */
import { readFileSync } from 'node:fs'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { differentiate } from '../../src/autodiff/index.js'
import { GraphBuilder, inlineFunctions, opsetOf, readModel, subgraphsOf, upgradeModel, writeModel, type FunctionDefinition, type Graph, type OnnxModel } from '../../src/graph/index.js'
import { largestError } from '../reference/compare.js'
import { refTensor, toTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

type Recorded = { runs: boolean; x: number[][]; y: number[][]; weights: number[][]; gradient: number[][] }
const folder = new URL('../fixtures/functions/', import.meta.url)
const recorded = JSON.parse(readFileSync(new URL('functions.json', folder), 'utf8')) as Record<string, Recorded>
const open = (name: string): OnnxModel => readModel(new Uint8Array(readFileSync(new URL(`${name.replace(' ', '-')}.onnx`, folder))))

const matrix = (rows: number[][]) => refTensor([rows.length, rows[0].length], rows.flat())

async function run(model: OnnxModel, rows: number[][]): Promise<ArrayLike<number>> {
  const session = await InferenceSession.create(writeModel(model), { logSeverityLevel: 4 })
  const outputs = await session.run({ [session.inputNames[0]]: new OrtTensor('float32', Float32Array.from(rows.flat()), [rows.length, rows[0].length]) })
  await session.release()
  return outputs[session.outputNames[0]].data as Float32Array
}

const namesOf = (graph: Graph): string[] => graph.nodes.flatMap((node) => [...node.outputs, ...subgraphsOf(node).flatMap(namesOf)]).filter((name) => name !== '')

describe.each(Object.entries(recorded))('%s', (name, { runs, x, y, weights, gradient }) => {
  const model = open(name)
  const upgraded = upgradeModel(model)
  const [input, output] = [model.graph.inputs[0].name, model.graph.outputs[0].name]

  it('computes the same without functions', async () => {
    expect(upgraded.functions).toEqual([])
    expect(namesOf(upgraded.graph).length).toBe(new Set(namesOf(upgraded.graph)).size)
    if (runs) expect(largestError(await run(upgraded, x), await run(model, x))).toBeLessThanOrEqual(1e-6)
    expect(largestError(await run(upgraded, x), y.flat())).toBeLessThanOrEqual(1e-5)
  })

  it('has the gradient that PyTorch gives', async () => {
    const builder = new GraphBuilder(upgraded.graph)
    const weighted = builder.add('Mul', [output, builder.initializer(toTensor(matrix(weights)))])
    const objective = builder.add('Reshape', [weighted, builder.shape([-1])])
    const result = differentiate(builder.build(), { objective: { output: objective }, withRespectTo: [input] })
    const values = await runOnnxRuntime(result, new Map([[input, matrix(x)]]))
    expect(largestError(values.get(result.gradients.get(input) ?? '')?.data ?? [], gradient.flat())).toBeLessThanOrEqual(1e-5)
  })
})

describe('names', () => {
  const outputsOf = (name: string) => new Set(namesOf(upgradeModel(open(name)).graph))

  it('are those of the call and of the inner value', () => {
    const names = outputsOf('nested')
    for (const expected of ['h/t', 'h/t/t', 'h/u/t', 'y/t', 'h', 'y']) expect(names).toContain(expected)
  })

  it('never meet: a subgraph of a body defines what the graph around the call defines too', () => {
    const names = outputsOf('subgraph')
    for (const expected of ['t', 'u/t', 'v/t', 'u/d', 'v/d']) expect(names).toContain(expected)
  })
})

describe('operator sets', () => {
  it.each([['older body', 21], ['newer body', 20], ['nested', 18]])('%s ends at %i', (name, version) => {
    expect(opsetOf(upgradeModel(open(name)).graph)).toBe(version)
  })

  it('stay where no function is called', () => {
    const model = { ...open('newer body'), functions: [] }
    expect(inlineFunctions(model)).toBe(model)
  })
})

describe('what cannot be expanded', () => {
  const withFunctions = (change: (definition: FunctionDefinition) => FunctionDefinition): OnnxModel => {
    const model = open('nested')
    return { ...model, functions: model.functions.map(change) }
  }

  it('a function that calls itself', () => {
    const model = withFunctions((definition) => (definition.name === 'inner' ? { ...definition, nodes: definition.nodes.map((node) => ({ ...node, domain: 'own', opType: 'outer', inputs: node.inputs.slice(0, 1) })) } : definition))
    expect(() => inlineFunctions(model)).toThrow(expect.objectContaining({ code: 'graph/function-cycle' }))
  })

  it('a call with more inputs than the function has', () => {
    const model = withFunctions((definition) => (definition.name === 'outer' ? { ...definition, inputs: [] } : definition))
    expect(() => inlineFunctions(model)).toThrow(expect.objectContaining({ code: 'graph/malformed' }))
  })
})
