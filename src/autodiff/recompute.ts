/** @file Gradients that compute activations again instead of keeping them: less memory for about one more forward pass. */
import { readsOf, subgraphsOf, type Graph, type Node, type TensorType } from '../graph/index.js'
import type { DType } from '../contracts/tensor.js'
import { collectNames, GraphBuilder } from '../graph/builder.js'
import { dataTypeNumber } from '../graph/codec/data-types.js'
import { isFloat } from '../tensor/dtypes.js'
import type { Segments } from './checkpoints.js'

export type RecomputeOptions = {
  readonly segments: Segments
  /** Names of the values that nodes of the forward graph make. */
  readonly forward: ReadonlySet<string>
  /** Names of the gradients of activations. */
  readonly gradients: ReadonlySet<string>
  readonly typeOf: (name: string) => TensorType | null
}

/**
 * Lets the gradient's nodes read copies of the forward nodes of their segment. A copy starts from the values that were kept, plus a zero that is computed
 * from the gradient that arrives at the segment: so runtimes can neither run the copies early nor take them for the nodes that they repeat.
 */
export function recompute(graph: Graph, { segments, forward, gradients, typeOf }: RecomputeOptions): Graph {
  const isForward = (node: Node) => node.outputs.some((name) => forward.has(name))
  const makers = new Map(graph.nodes.filter(isForward).flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const builder = new GraphBuilder({ ...graph, nodes: [] })
  collectNames(graph, builder.names)
  const captured = new Set(graph.nodes.flatMap((node) => (subgraphsOf(node).length === 0 ? [] : readsOf(node))))
  const wanted = new Set(graph.outputs.map(({ name }) => name))
  const copies = new Map<string, string>()
  const zeros = new Map<string, string>()

  const triggers = triggersOf(graph, segments, gradients, isForward)
  const zero = (trigger: string, dtype: DType): string => {
    const key = `${trigger}\n${dtype}`
    const known = zeros.get(key)
    if (known !== undefined) return known
    const first = builder.add('Slice', [builder.add('Reshape', [trigger, builder.shape([-1])]), builder.shape([0]), builder.shape([1])]) // [1]
    const isNaN = builder.add('Cast', [builder.add('IsNaN', [first])], { to: dataTypeNumber(dtype) })
    const none = builder.add('ReduceSum', [builder.add('Mul', [isNaN, builder.constant(0, dtype)])], { keepdims: 0 }) // []
    zeros.set(key, none)
    return none
  }

  /** The name under which a gradient node reads a value of the forward pass. */
  const again = (name: string): string => {
    const segment = segments.forgettable.get(name)
    if (segment === undefined || captured.has(name) || wanted.has(name) || triggers[segment] === null) return name
    return copies.get(name) ?? copy(name, triggers[segment])
  }
  const copy = (name: string, trigger: string): string => {
    const maker = makers.get(name)
    if (maker === undefined) return name
    const inputs = maker.inputs.map((input) => (input === '' ? '' : again(input)))
    const isStart = inputs.every((input, i) => input === maker.inputs[i])
    if (isStart) {
      const held = inputs.findIndex((input) => isFloat(typeOf(input)?.dtype ?? 'bool') && !graph.initializers.has(input))
      // Without a float to hang the zero on, the copy would be the node itself.
      if (held < 0) {
        for (const output of maker.outputs) copies.set(output, output)
        return name
      }
      inputs[held] = builder.add('Add', [inputs[held], zero(trigger, typeOf(inputs[held])?.dtype ?? 'float32')])
    }
    const outputs = maker.outputs.map((output) => (output === '' ? '' : builder.fresh(`${output}/again`)))
    builder.nodes.push({ ...maker, name: outputs.find((output) => output !== '') ?? '', inputs, outputs })
    maker.outputs.forEach((output, i) => copies.set(output, outputs[i]))
    return copies.get(name) ?? name
  }

  for (const node of graph.nodes) {
    if (isForward(node)) builder.nodes.push(node)
    else {
      const inputs = node.inputs.map((input) => (forward.has(input) ? again(input) : input))
      builder.nodes.push({ ...node, inputs })
    }
  }
  return { ...builder.build(), outputs: graph.outputs }
}

/** Per segment, the last gradient before the first node that reads the segment's forgotten values: by then the later segments are done with. */
function triggersOf(graph: Graph, { boundaries, forgettable }: Segments, gradients: ReadonlySet<string>, isForward: (node: Node) => boolean): (string | null)[] {
  const triggers = boundaries.map((): string | null => null)
  const settled = boundaries.map(() => false)
  let latest: string | null = null
  for (const node of graph.nodes) {
    if (isForward(node)) continue
    for (const input of node.inputs) {
      const segment = forgettable.get(input)
      if (segment === undefined || settled[segment]) continue
      settled[segment] = true
      triggers[segment] = latest
    }
    latest = node.outputs.find((name) => gradients.has(name)) ?? latest
  }
  return triggers
}
