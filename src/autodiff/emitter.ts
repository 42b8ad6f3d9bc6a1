/** @file Writes nodes of a gradient: shares equal ones, knows types, and does shape arithmetic at build time where shapes are known. */
import { ProbityError } from '../contracts/errors.js'
import type { Dim } from '../contracts/model.js'
import type { DType } from '../contracts/tensor.js'
import { collectNames, GraphBuilder, tensorValue, toAttributes, type Attributes } from '../graph/builder.js'
import { dataTypeNumber } from '../graph/codec/data-types.js'
import { isExternal, toNumber, type Graph, type Initializer, type Node, type TensorType } from '../graph/ir.js'
import { inferNode, inferValues } from '../graph/shapes/infer.js'
import { knownConstant, UNKNOWN, type Known } from '../graph/shapes/known.js'
import { fromNumbers, toNumbers } from '../tensor/tensor.js'

export type Dims = readonly Dim[]

/** Operators that exporters and rules compute sizes with. */
const SHAPE_ARITHMETIC: ReadonlySet<string> = new Set(['Shape', 'Size', 'Gather', 'Slice', 'Concat', 'Squeeze', 'Unsqueeze', 'Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Neg', 'Cast', 'ConstantOfShape', 'ReduceProd'])

export type EmitterOptions = {
  /** Start without the graph's nodes, which are then kept one by one: for passes that replace some. */
  readonly empty?: boolean
  /** The emitter of the graph around this one, of which it is a body: names that are taken, and what is known of values that are captured. */
  readonly outer?: Emitter
  /** Where approximations are noted; default: with those of the graph around, or apart. */
  readonly approximations?: Set<string>
}

export class Emitter {
  readonly builder: GraphBuilder
  readonly graph: Graph
  /** In words, why the gradient is not exact; for the reader of a result. */
  readonly approximations: Set<string>
  readonly #values: Map<string, Known>
  readonly #producers = new Map<string, Node>()
  /** What stands in `builder.nodes` for each node of the graph, which `extraOutput` and `replace` may change. */
  readonly #current = new Map<Node, Node>()
  readonly #emitted = new Map<string, readonly string[]>()
  readonly #overridable: ReadonlySet<string>
  readonly #inputs: ReadonlySet<string>
  readonly #outer: Emitter | null

  constructor(graph: Graph, { empty = false, outer, approximations = outer?.approximations ?? new Set() }: EmitterOptions = {}) {
    const inferred = inferValues(graph, { outer: outer?.values })
    this.#outer = outer ?? null
    this.approximations = approximations
    this.graph = inferred.graph
    this.#values = inferred.values
    this.builder = new GraphBuilder(empty ? { ...this.graph, nodes: [] } : this.graph, outer?.builder.names)
    if (empty) collectNames(this.graph, this.builder.names)
    this.#overridable = new Set(graph.overridable)
    this.#inputs = new Set(graph.inputs.map(({ name }) => name))
    this.graph.nodes.forEach((node) => {
      if (!empty) this.#current.set(node, node)
      for (const output of node.outputs) this.#producers.set(output, node)
    })
  }

  // ---- what is known

  /** The sizes of a value as far as they are known; null when not even the rank is. */
  dims(name: string): Dims | null {
    return this.#values.get(name)?.dims ?? null
  }

  /** The sizes when every one is a number. */
  staticDims(name: string): readonly number[] | null {
    const dims = this.dims(name)
    return dims !== null && dims.every((dim) => typeof dim === 'number') ? (dims as readonly number[]) : null
  }

  rank(name: string): number | null {
    return this.dims(name)?.length ?? null
  }

  /** @throws ProbityError `graph/unknown-shape` */
  requireRank(name: string, node: Node): number {
    const rank = this.rank(name)
    if (rank === null) throw new ProbityError('graph/unknown-shape', `Node "${node.name}" (${node.opType}): the number of axes of "${name}" is unknown, which its gradient needs. Export the model with shape information.`)
    return rank
  }

  knownDtype(name: string): DType | null {
    return this.#values.get(name)?.dtype ?? null
  }

  /** @throws ProbityError `graph/unknown-type` */
  dtype(name: string): DType {
    const dtype = this.knownDtype(name)
    if (dtype === null) throw new ProbityError('graph/unknown-type', `The type of "${name}" is unknown, which its gradient needs. Export the model with type information.`)
    return dtype
  }

  /** States the type of an emitted value where inference cannot know it. */
  describe(name: string, type: TensorType | null | undefined): string {
    if (type && this.knownDtype(name) === null) this.#values.set(name, { dtype: type.dtype, dims: type.dims, values: null })
    return name
  }

  type(name: string): TensorType | null {
    const { dtype, dims } = this.#values.get(name) ?? UNKNOWN
    return dtype === null ? null : { kind: 'tensor', dtype, dims }
  }

  /** Writes down what is known of the values that were emitted: runtimes stay in their own layouts only where they see that shapes agree. */
  stateTypes(): void {
    const { nodes, valueInfo } = this.builder
    for (const name of nodes.flatMap(({ outputs }) => outputs)) {
      const type = name === '' || valueInfo.has(name) ? null : this.type(name)
      if (type?.dims) valueInfo.set(name, { name, type })
    }
  }

  /** What is known of every value so far, for graphs inside this one. */
  get values(): ReadonlyMap<string, Known> {
    return this.#values
  }

  /** The tensor behind a name that can never change: an initializer that nobody may override, or the output of a Constant. */
  constantTensor(name: string): Initializer | null {
    const initializer = this.#overridable.has(name) ? undefined : this.builder.initializers.get(name)
    if (initializer) return initializer
    const producer = this.#producers.get(name)
    if (producer === undefined) return this.#inputs.has(name) ? null : this.#outer?.constantTensor(name) ?? null
    const value = producer.attributes.get('value')
    return value?.type === 'tensor' && producer.opType === 'Constant' ? value.value : null
  }

  /** Elements of a constant, or of integers that are known all the same. */
  constantNumbers(name: string): readonly number[] | null {
    const tensor = this.constantTensor(name)
    if (tensor !== null) return isExternal(tensor) ? null : Array.from(toNumbers(tensor))
    const node = this.#producers.get(name)
    if (node === undefined) return this.#inputs.has(name) ? null : this.#outer?.constantNumbers(name) ?? null
    if (node.opType !== 'Constant') return this.#knownIntegers(name)
    for (const attribute of node.attributes.values()) {
      if (attribute.type === 'int') return [toNumber(attribute.value)]
      if (attribute.type === 'ints') return attribute.value.map(toNumber)
      if (attribute.type === 'float') return [attribute.value]
      if (attribute.type === 'floats') return attribute.value
    }
    return null
  }

  /** Integers that a node computes, where they follow from sizes that are known. */
  #knownIntegers(name: string): readonly number[] | null {
    const { dtype, values } = this.#values.get(name) ?? UNKNOWN
    return dtype === 'int64' && values?.every((value): value is number => typeof value === 'number') ? values : null
  }

  // ---- writing nodes

  /** A node with one output; an equal node that was emitted before is shared. */
  emit(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.emitMany(opType, inputs, 1, attributes)[0]
  }

  emitMany(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): readonly string[] {
    const key = JSON.stringify([opType, inputs, outputs, [...toAttributes(attributes)]], plain)
    const known = this.#emitted.get(key)
    if (known) return known
    const names = this.#foldedInts(opType, inputs, outputs, attributes) ?? this.#added(opType, inputs, outputs, attributes)
    this.#emitted.set(key, names)
    return names
  }

  #added(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes): readonly string[] {
    const names = this.builder.addMany(opType, inputs, outputs, attributes)
    this.learn(this.builder.nodes[this.builder.nodes.length - 1])
    return names
  }

  /** Sizes that are numbers need no nodes that compute them. Zeros stay computed: ONNX Runtime drops an Expand to a constant shape without elements. */
  #foldedInts(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes): readonly string[] | null {
    if (outputs !== 1 || !SHAPE_ARITHMETIC.has(opType)) return null
    const [result] = inferNode({ name: '', opType, domain: '', inputs, outputs: [''], attributes: toAttributes(attributes) }, this.graph.opsets, this.#values)
    if (result?.dtype !== 'int64' || result.dims === null || !result.values?.every((value) => typeof value === 'number' && value !== 0)) return null
    return [this.constant(result.values as readonly number[], 'int64', result.dims as readonly number[])]
  }

  /** A node as it is, such as one that a pass keeps. */
  keep(node: Node): void {
    this.builder.nodes.push(node)
    this.learn(node)
  }

  /** Infers what is known of a node's outputs, unless it is known already. */
  learn(node: Node): void {
    const missing = node.outputs.some((output) => output !== '' && !this.#values.has(output))
    if (!missing) return
    const results = inferNode(node, this.graph.opsets, this.#values)
    node.outputs.forEach((output, i) => {
      this.#producers.set(output, node)
      const result = results[i]
      if (output !== '' && result && !this.#values.has(output)) this.#values.set(output, result)
    })
  }

  /** A constant, shared between equal uses: a scalar for a number, else a vector unless sizes are given. */
  constant(values: number | readonly number[], dtype: DType, dims?: readonly number[]): string {
    const name = this.builder.constant(values, dtype, dims)
    const tensor = this.builder.initializers.get(name)
    if (tensor && !this.#values.has(name)) this.#values.set(name, knownConstant(tensor))
    return name
  }

  /** Another output of a node of the graph, such as the Indices of MaxPool. */
  extraOutput(node: Node, index: number, hint: string): string {
    const current = this.#currentOf(node)
    if (current.outputs[index]) return current.outputs[index]
    const outputs = Array.from({ length: Math.max(index + 1, current.outputs.length) }, (_, i) => current.outputs[i] ?? '')
    outputs[index] = this.builder.fresh(`probity/${hint}`)
    this.replace(node, [], { ...current, outputs })
    return outputs[index]
  }

  /** Another node in place of one of the graph, which makes the same values and perhaps more, and what has to be there before it. */
  replace(node: Node, before: readonly Node[], by: Node): void {
    this.builder.nodes.splice(this.builder.nodes.indexOf(this.#currentOf(node)), 1, ...before, by)
    this.#current.set(node, by)
    for (const added of [...before, by]) this.learn(added)
  }

  #currentOf(node: Node): Node {
    const current = this.#current.get(node)
    if (current === undefined) throw new Error(`${node.name} is not a node of the graph`)
    return current
  }

  add = (a: string, b: string): string => this.emit('Add', [a, b])
  sub = (a: string, b: string): string => this.emit('Sub', [a, b])
  mul = (a: string, b: string): string => this.emit('Mul', [a, b])
  div = (a: string, b: string): string => this.emit('Div', [a, b])
  neg = (a: string): string => this.emit('Neg', [a])

  cast(name: string, dtype: DType): string {
    return this.emit('Cast', [name], { to: dataTypeNumber(dtype) })
  }

  /** A scalar of the dtype of `like`. */
  scalar(value: number, like: string): string {
    return this.constant(value, this.dtype(like))
  }

  // ---- shapes

  ints(values: readonly number[]): string {
    return this.constant(values, 'int64', [values.length])
  }

  /** int64 [rank] */
  shapeOf(name: string): string {
    const dims = this.staticDims(name)
    return dims ? this.ints(dims) : this.emit('Shape', [name])
  }

  /** The size of one axis, which may count from the end: a number, or the name of an int64 [1] that holds it at run time. For `joinInts`. */
  size(name: string, axis: number): number | string {
    const dims = this.dims(name)
    const dim = dims?.[axis < 0 ? axis + dims.length : axis]
    return typeof dim === 'number' ? dim : this.emit('Shape', [name], { start: axis, end: axis === -1 ? undefined : axis + 1 })
  }

  /** The same as a value: int64 [1]. */
  sizeOf(name: string, axis: number): string {
    return this.joinInts([this.size(name, axis)])
  }

  /** int64 vector from sizes that are known and int64 vectors that are computed. */
  joinInts(parts: readonly (number | string)[]): string {
    if (parts.every((part) => typeof part === 'number')) return this.ints(parts)
    return parts.length === 1 ? String(parts[0]) : this.emit('Concat', parts.map((part) => (typeof part === 'number' ? this.ints([part]) : part)), { axis: 0 })
  }

  /** A tensor with the elements of `name` and the shape of `like`. */
  reshapeLike(name: string, like: string): string {
    const dims = this.dims(like)
    const unknown = dims?.filter((dim) => typeof dim !== 'number').length
    if (dims && unknown === 1 && !dims.includes(0)) return this.emit('Reshape', [name, this.ints(dims.map((dim) => (typeof dim === 'number' ? dim : -1)))])
    return this.emit('Reshape', [name, this.shapeOf(like)], { allowzero: 1 })
  }

  filled(value: number, shape: string, dtype: DType): string {
    return this.emit('ConstantOfShape', [shape], { value: tensorValue(fromNumbers([value], [1], dtype)) })
  }

  /**
   * Zeros before and after each axis, negative numbers of them to cut. All axes are named on purpose: without names ONNX Runtime fuses a Pad of
   * weights into the convolution that reads them, as if its input were padded; with the names of some it permutes pads wrongly beside a Transpose.
   */
  pad(name: string, pads: readonly (number | string)[]): string {
    return this.emit('Pad', [name, this.joinInts(pads), '', this.ints(Array.from({ length: pads.length / 2 }, (_, axis) => axis))])
  }

  zerosLike(name: string): string {
    return this.filled(0, this.shapeOf(name), this.dtype(name))
  }

  /**
   * Sums a gradient of shape `from` over the axes along which `to` was broadcast. What the shapes leave open is found out when the graph runs.
   */
  sumTo(gradient: string, from: Dims | null, to: string): string {
    const target = this.dims(to)
    const axes = from && target && broadcastAxes(from, target)
    if (!from || !target || !axes) return this.#sumToRunTimeShape(gradient, from, to)
    if (axes.length === 0) return gradient
    const lead = from.length - target.length
    if (axes.length === lead) return this.emit('ReduceSum', [gradient, this.ints(axes)], { keepdims: 0 })
    const sum = this.emit('ReduceSum', [gradient, this.ints(axes)], { keepdims: 1 })
    return lead === 0 ? sum : this.emit('Squeeze', [sum, this.ints(axes.slice(0, lead))])
  }

  #sumToRunTimeShape(gradient: string, from: Dims | null, to: string): string {
    const shape = this.shapeOf(to) // [rank of to]
    const full = this.emit('Shape', [gradient]) // [rank of from]
    const rank = this.rank(to)
    const missing = from && rank !== null ? this.ints([from.length - rank]) : this.sub(this.emit('Shape', [full]), this.emit('Shape', [shape]))
    const padded = this.emit('Concat', [this.filled(1, missing, 'int64'), shape], { axis: 0 }) // [rank of from]
    const axes = this.emit('Reshape', [this.emit('NonZero', [this.emit('Not', [this.emit('Equal', [padded, full])])]), this.ints([-1])])
    const sum = this.emit('ReduceSum', [gradient, axes], { keepdims: 1, noop_with_empty_axes: 1 })
    return this.emit('Reshape', [sum, shape], { allowzero: 1 })
  }
}

/** For JSON: bigints and typed arrays as text. */
const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<unknown>, String) : value

/** Axes of `from` along which a tensor of shape `to` was repeated (leading ones first), or null when the sizes do not tell. Equal symbols are equal sizes. */
function broadcastAxes(from: Dims, to: Dims): number[] | null {
  const lead = from.length - to.length
  const axes: number[] = []
  for (let axis = 0; axis < from.length; axis++) {
    const size = axis < lead ? 1 : to[axis - lead]
    if (axis < lead || (size === 1 && from[axis] !== 1)) axes.push(axis)
    else if (from[axis] !== 1 && typeof size !== 'number' && (size === null || size !== from[axis])) return null
  }
  return axes
}
