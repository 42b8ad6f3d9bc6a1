/** @file Holds a gradient graph against finite differences in float64, and ONNX Runtime's answer against the reference's. */
import { expect } from 'vitest'
import { differentiate, type GradientGraph } from '../../src/autodiff/index.js'
import type { Graph } from '../../src/graph/index.js'
import { isFloat } from '../../src/tensor/dtypes.js'
import { largestError } from '../reference/compare.js'
import { interpret, refTensor, type RefTensor } from '../reference/index.js'
import { runOnnxRuntime } from '../reference/onnxruntime.js'

export type Feeds = ReadonlyMap<string, RefTensor>

const RELATIVE = 1e-3
const ABSOLUTE = 1e-5
/** Largest |a − b| / max(1, |b|) between float32 and float64 runs of one gradient graph. */
const FLOAT32 = 1e-4

export const floatInputs = (graph: Graph): string[] => graph.inputs.flatMap(({ name, type }) => (type?.kind === 'tensor' && isFloat(type.dtype) ? [name] : []))

/**
 * Checks the gradients of Σ `output` with respect to float inputs: the gradient graph in the reference interpreter against central
 * differences of the forward graph, and the same graph on ONNX Runtime against the interpreter.
 *
 * @param output a one-dimensional value of the graph
 * @returns the gradients, by the value they belong to
 */
export async function checkGradient(graph: Graph, feeds: Feeds, output: string, withRespectTo: readonly string[] = floatInputs(graph)): Promise<Map<string, RefTensor>> {
  const gradientGraph = differentiate(graph, { objective: { output }, withRespectTo })
  const reference = named(gradientGraph, interpret(gradientGraph, feeds))
  for (const name of withRespectTo) {
    const gradient = reference.get(name) as RefTensor
    const value = feeds.get(name) as RefTensor
    expect({ dims: gradient.dims, dtype: gradient.dtype }, `gradient of ${name}`).toEqual({ dims: value.dims, dtype: value.dtype })
    const expected = centralDifferences(graph, feeds, output, name)
    gradient.data.forEach((actual, i) => expectNear(actual, expected[i], `gradient of ${name}[${i}]`))
  }
  const onRuntime = named(gradientGraph, await runOnnxRuntime(gradientGraph, feeds))
  for (const [name, gradient] of reference) {
    const actual = onRuntime.get(name) as RefTensor
    expect(actual.dims, `ONNX Runtime's gradient of ${name}`).toEqual(gradient.dims)
    expect(largestError(actual.data, gradient.data), `ONNX Runtime's gradient of ${name}`).toBeLessThanOrEqual(FLOAT32)
  }
  return reference
}

/** The gradient graph in float64. */
export function referenceGradients(graph: Graph, feeds: Feeds, output: string, withRespectTo: readonly string[] = floatInputs(graph)): Map<string, RefTensor> {
  const gradient = differentiate(graph, { objective: { output }, withRespectTo })
  return named(gradient, interpret(gradient, feeds))
}

/** The gradient graph on ONNX Runtime, in the types it declares. */
export async function runtimeGradients(graph: Graph, feeds: Feeds, output: string, withRespectTo: readonly string[] = floatInputs(graph)): Promise<Map<string, RefTensor>> {
  const gradient = differentiate(graph, { objective: { output }, withRespectTo })
  return named(gradient, await runOnnxRuntime(gradient, feeds))
}

const named = ({ gradients }: GradientGraph, results: ReadonlyMap<string, RefTensor>): Map<string, RefTensor> =>
  new Map([...gradients].map(([value, output]) => [value, results.get(output) as RefTensor]))

/** (f(x + h) − f(x − h)) / 2h per element, with f = Σ output and h = 1e-5 · max(1, |x|). */
function centralDifferences(graph: Graph, feeds: Feeds, output: string, name: string): number[] {
  const value = feeds.get(name) as RefTensor
  const sumAt = (index: number, shifted: number): number => {
    const data = Float64Array.from(value.data)
    data[index] = shifted
    const result = interpret(graph, new Map([...feeds, [name, refTensor(value.dims, data, value.dtype)]]), { fetch: [output] }).get(output) as RefTensor
    return result.data.reduce((total, element) => total + element, 0)
  }
  return Array.from(value.data, (x, index) => {
    const step = 1e-5 * Math.max(1, Math.abs(x))
    return (sumAt(index, x + step) - sumAt(index, x - step)) / (2 * step)
  })
}

function expectNear(actual: number, expected: number, what: string): void {
  const near = Math.abs(actual - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected)
  if (!near) expect.fail(`${what} is ${actual}, finite differences say ${expected}`)
}
