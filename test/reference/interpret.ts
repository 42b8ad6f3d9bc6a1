/** @file A slow interpreter of ONNX graphs in double precision: what engines and gradient graphs are compared with. Written from the operator specification, for clarity only. */
import { isExternal, opsetOf, type Graph, type Node } from '../../src/graph/ir.js'
import { activation } from './activation.js'
import { algebra } from './algebra.js'
import { attention } from './attention.js'
import { controlFlow, type ControlKernels } from './control-flow.js'
import { convolution } from './convolution.js'
import { elementwise } from './elementwise.js'
import { flexAttention } from './flex-attention.js'
import { generating } from './generating.js'
import { indexing } from './indexing.js'
import type { Kernels } from './kernel.js'
import { losses } from './losses.js'
import { matmul } from './matmul.js'
import { normalization } from './normalization.js'
import { pooling } from './pooling.js'
import { recurrentLayers } from './recurrent.js'
import { quantization } from './quantization.js'
import { reduction } from './reduction.js'
import { regions } from './regions.js'
import { resizing } from './resizing.js'
import { selection } from './selection.js'
import { sampling } from './sampling.js'
import { shaping } from './shaping.js'
import { signals } from './signal.js'
import { stateful } from './stateful.js'
import { fromTensor, isRefTensor, type RefTensor, type RefValue } from './tensor.js'
import { unpooling } from './unpooling.js'

const KERNELS: ReadonlyMap<string, Kernels[string]> = new Map(
  [elementwise, activation, algebra, losses, matmul, convolution, pooling, normalization, attention, reduction, shaping, indexing, selection, quantization, generating, resizing, unpooling, sampling, regions, recurrentLayers, signals, stateful].flatMap((family) => Object.entries(family)),
)

/** Operators that run other graphs; with their domain where that is not ai.onnx. */
const CONTROL: ControlKernels = { ...controlFlow, ...flexAttention }

/** Names of the operators that can be interpreted. */
export const interpretable: readonly string[] = [...KERNELS.keys(), ...Object.keys(CONTROL)]

export type InterpretOptions = {
  /** Values to give back instead of the graph's outputs; any value of the graph. */
  readonly fetch?: readonly string[]
}

/**
 * Runs a graph on float64 arithmetic, whatever float types it declares.
 *
 * @throws Error naming node and operator when an operator is unknown or its inputs do not fit.
 */
export function interpret(graph: Graph, feeds: ReadonlyMap<string, RefTensor>, options: InterpretOptions = {}): Map<string, RefTensor> {
  for (const { name } of graph.inputs) if (!feeds.has(name)) throw new Error(`input ${name} is not fed`)
  const scope = runGraph(graph, feeds, null)
  const wanted = options.fetch ?? graph.outputs.map(({ name }) => name)
  // Models with a sequence or an optional among their outputs are for those who know.
  return new Map(wanted.map((name) => [name, valueOf(scope, name) as RefTensor]))
}

/** The values of a graph, and of the graphs around it, which its nodes may capture. */
type Scope = { readonly values: Map<string, RefValue>; readonly outer: Scope | null }

function runGraph(graph: Graph, feeds: ReadonlyMap<string, RefValue>, outer: Scope | null): Scope {
  const scope: Scope = { values: new Map(), outer }
  for (const [name, initializer] of graph.initializers) {
    if (isExternal(initializer)) throw new Error(`initializer ${name} lies outside the file`)
    if (initializer.dtype !== 'string') scope.values.set(name, fromTensor(initializer))
  }
  for (const [name, value] of feeds) scope.values.set(name, value)
  for (const node of graph.nodes) runNode(node, opsetOf(graph), scope)
  return scope
}

function runNode(node: Node, opset: number, scope: Scope): void {
  try {
    const results = resultsOf(node, opset, scope)
    node.outputs.forEach((name, i) => {
      if (name === '') return
      if (results[i] === undefined) throw new Error(`output ${i} is not interpreted`)
      scope.values.set(name, results[i])
    })
  } catch (error) {
    throw new Error(`${node.opType} ${node.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function resultsOf(node: Node, opset: number, scope: Scope): readonly RefValue[] {
  const inputs = node.inputs.map((name) => (name === '' ? undefined : valueOf(scope, name)))
  const isOnnx = node.domain === '' || node.domain === 'ai.onnx'
  const name = isOnnx ? node.opType : `${node.domain}:${node.opType}`
  if (Object.hasOwn(CONTROL, name)) {
    const run = (body: Graph, given: readonly RefValue[]) => {
      const inner = runGraph(body, new Map(body.inputs.map(({ name }, i) => [name, given[i]])), scope)
      return body.outputs.map(({ name }) => valueOf(inner, name))
    }
    return CONTROL[name]({ node, inputs, run })
  }
  if (isOnnx && node.opType === 'Identity') return [inputs[0] ?? null]
  const kernel = isOnnx ? KERNELS.get(node.opType) : undefined
  if (kernel === undefined) throw new Error(`no reference for ${node.domain}:${node.opType}`)
  const tensors = inputs.map((value) => {
    if (value !== undefined && !isRefTensor(value)) throw new Error('an input is no tensor')
    return value
  })
  const result = kernel({ node, opset, inputs: tensors })
  return 'dims' in result ? [result] : result
}

function valueOf(scope: Scope | null, name: string): RefValue {
  if (scope === null) throw new Error(`value ${name} does not exist`)
  return scope.values.get(name) ?? (scope.values.has(name) ? null : valueOf(scope.outer, name))
}
