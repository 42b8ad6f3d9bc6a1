/** @file A slow interpreter of ONNX graphs in double precision: what engines and gradient graphs are compared with. Written from the operator specification, for clarity only. */
import { isExternal, opsetOf, type Graph, type Node } from '../../src/graph/ir.js'
import { activation } from './activation.js'
import { algebra } from './algebra.js'
import { attention } from './attention.js'
import { convolution } from './convolution.js'
import { elementwise } from './elementwise.js'
import { generating } from './generating.js'
import { indexing } from './indexing.js'
import type { Kernels } from './kernel.js'
import { losses } from './losses.js'
import { matmul } from './matmul.js'
import { normalization } from './normalization.js'
import { pooling } from './pooling.js'
import { reduction } from './reduction.js'
import { resizing } from './resizing.js'
import { shaping } from './shaping.js'
import { fromTensor, type RefTensor } from './tensor.js'
import { unpooling } from './unpooling.js'

const KERNELS: ReadonlyMap<string, Kernels[string]> = new Map(
  [elementwise, activation, algebra, losses, matmul, convolution, pooling, normalization, attention, reduction, shaping, indexing, generating, resizing, unpooling].flatMap((family) => Object.entries(family)),
)

/** Names of the ai.onnx operators that can be interpreted. */
export const interpretable: readonly string[] = [...KERNELS.keys()]

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
  const values = new Map<string, RefTensor>()
  for (const [name, initializer] of graph.initializers) {
    if (isExternal(initializer)) throw new Error(`initializer ${name} lies outside the file`)
    if (initializer.dtype !== 'string') values.set(name, fromTensor(initializer))
  }
  for (const { name } of graph.inputs) if (!feeds.has(name)) throw new Error(`input ${name} is not fed`)
  for (const [name, tensor] of feeds) values.set(name, tensor)
  for (const node of graph.nodes) runNode(node, opsetOf(graph), values)
  const wanted = options.fetch ?? graph.outputs.map(({ name }) => name)
  return new Map(wanted.map((name) => [name, valueOf(values, name)]))
}

function runNode(node: Node, opset: number, values: Map<string, RefTensor>): void {
  const kernel = node.domain === '' || node.domain === 'ai.onnx' ? KERNELS.get(node.opType) : undefined
  if (kernel === undefined) throw new Error(`${node.name}: no reference for ${node.domain}:${node.opType}`)
  try {
    const result = kernel({ node, opset, inputs: node.inputs.map((name) => (name === '' ? undefined : valueOf(values, name))) })
    const results = 'dims' in result ? [result] : result
    node.outputs.forEach((name, i) => {
      if (name === '') return
      if (results[i] === undefined) throw new Error(`output ${i} is not interpreted`)
      values.set(name, results[i])
    })
  } catch (error) {
    throw new Error(`${node.opType} ${node.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function valueOf(values: ReadonlyMap<string, RefTensor>, name: string): RefTensor {
  const value = values.get(name)
  if (value === undefined) throw new Error(`value ${name} does not exist`)
  return value
}
