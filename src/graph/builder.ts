/** @file Appends nodes to a graph under fresh names; how autodiff and rewrites write graphs. */
import type { DType, Tensor } from '../contracts/tensor.js'
import { fromNumbers } from '../tensor/tensor.js'
import { float, int, ints, string, tensorValue, type Attribute, type Graph, type Initializer, type Node, type ValueInfo } from './ir.js'

/** Attribute values by name; numbers become ints, so write floats as `{ alpha: float(0.1) }`. */
export type Attributes = Readonly<Record<string, Attribute | number | readonly number[] | string | undefined>>

export class GraphBuilder {
  readonly nodes: Node[]
  readonly initializers: Map<string, Initializer>
  readonly valueInfo: Map<string, ValueInfo>
  readonly inputs: ValueInfo[]
  readonly outputs: ValueInfo[] = []
  readonly names: Set<string>
  readonly #constants = new Map<string, string>()

  /**
   * Starts from the graph's nodes, inputs and initializers; outputs are to be chosen anew.
   * Builders of one graph and of its subgraphs share `names`, so that no inner name hides an outer one.
   */
  constructor(readonly base: Graph, names: Set<string> = new Set()) {
    this.names = names
    this.nodes = [...base.nodes]
    this.initializers = new Map(base.initializers)
    this.valueInfo = new Map(base.valueInfo)
    this.inputs = [...base.inputs]
    collectNames(base, names)
  }

  /** A name that no value of the graph or of its subgraphs has. */
  fresh(hint: string): string {
    let name = hint
    for (let i = 1; this.names.has(name); i++) name = `${hint}_${i}`
    this.names.add(name)
    return name
  }

  /** Adds a node with one output and gives its name. '' stands for an absent optional input. */
  add(opType: string, inputs: readonly string[], attributes: Attributes = {}, hint = opType): string {
    return this.addMany(opType, inputs, 1, attributes, hint)[0]
  }

  addMany(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}, hint = opType): string[] {
    const names = Array.from({ length: outputs }, () => this.fresh(`probity/${hint}`))
    this.nodes.push({ name: names[0], opType, domain: '', inputs, outputs: names, attributes: toAttributes(attributes) })
    return names
  }

  /** A constant, shared between equal uses. Numbers only for int64 and bool too. */
  constant(values: number | readonly number[], dtype: DType, dims?: readonly number[]): string {
    const list = typeof values === 'number' ? [values] : values
    const shape = dims ?? (typeof values === 'number' ? [] : [list.length])
    const key = `${dtype}:${shape.join(',')}:${list.map((value) => (Object.is(value, -0) ? '-0' : value)).join(',')}`
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const name = this.initializer(fromNumbers(list, shape, dtype))
    this.#constants.set(key, name)
    return name
  }

  /** int64 vector, the form in which ONNX wants shapes and axes. */
  shape(values: readonly number[]): string {
    return this.constant(values, 'int64', [values.length])
  }

  initializer(tensor: Tensor, hint = 'constant'): string {
    const name = this.fresh(`probity/${hint}`)
    this.initializers.set(name, tensor)
    return name
  }

  input(info: ValueInfo): string {
    this.inputs.push(info)
    return info.name
  }

  output(info: ValueInfo): void {
    this.outputs.push(info)
  }

  build(): Graph {
    return { ...this.base, inputs: this.inputs, outputs: this.outputs, nodes: this.nodes, initializers: this.initializers, valueInfo: this.valueInfo }
  }
}

export function toAttributes(attributes: Attributes): Map<string, Attribute> {
  const map = new Map<string, Attribute>()
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue
    if (typeof value === 'number') map.set(name, Number.isInteger(value) ? int(value) : float(value))
    else if (typeof value === 'string') map.set(name, string(value))
    else if (isList(value)) map.set(name, ints(value))
    else map.set(name, value)
  }
  return map
}

export { float, int, ints, string, tensorValue }

const isList = (value: Attribute | readonly number[]): value is readonly number[] => Array.isArray(value)

/** Adds every name of the graph and of its subgraphs to `names`. */
export function collectNames(graph: Graph, names: Set<string>): void {
  for (const { name } of [...graph.inputs, ...graph.outputs]) names.add(name)
  for (const name of graph.initializers.keys()) names.add(name)
  for (const name of graph.sparseInitializers.keys()) names.add(name)
  // Passes drop nodes and leave what is stated of their values, which must not be taken for the type of another value.
  for (const name of graph.valueInfo.keys()) names.add(name)
  for (const node of graph.nodes) {
    for (const name of [...node.inputs, ...node.outputs]) names.add(name)
    for (const attribute of node.attributes.values()) {
      if (attribute.type === 'graph') collectNames(attribute.value, names)
      if (attribute.type === 'graphs') for (const inner of attribute.value) collectNames(inner, names)
    }
  }
}
