/** @file Writes nodes of a gradient: shares equal ones, knows types, and does shape arithmetic at build time where shapes are known. */
import { ProbityError } from '../contracts/errors.js'
import type { Dim } from '../contracts/model.js'
import type { DType } from '../contracts/tensor.js'
import { GraphBuilder, tensorValue, toAttributes, type Attributes } from '../graph/builder.js'
import { isExternal, toNumber, type Graph, type Initializer, type Node, type TensorType } from '../graph/ir.js'
import { fromNumbers, toNumbers } from '../tensor/tensor.js'

export type Dims = readonly Dim[]

/** TensorProto.DataType numbers of the types that a gradient casts to. */
const CAST_TO: Readonly<Partial<Record<DType, number>>> = { float32: 1, int64: 7, bool: 9, float16: 10, float64: 11, bfloat16: 16 }

export class Emitter {
  readonly builder: GraphBuilder
  readonly #types = new Map<string, TensorType>()
  readonly #producers = new Map<string, Node>()
  /** Position in `builder.nodes` of each node of the graph, which `extraOutput` may replace. */
  readonly #positions = new Map<Node, number>()
  readonly #emitted = new Map<string, readonly string[]>()
  readonly #overridable: ReadonlySet<string>

  constructor(readonly graph: Graph) {
    this.builder = new GraphBuilder(graph)
    this.#overridable = new Set(graph.overridable)
    for (const [name, { dtype, dims }] of graph.initializers) this.#types.set(name, { kind: 'tensor', dtype, dims })
    for (const { name, type } of [...graph.valueInfo.values(), ...graph.outputs, ...graph.inputs]) if (type?.kind === 'tensor') this.#types.set(name, type)
    graph.nodes.forEach((node, position) => {
      this.#positions.set(node, position)
      for (const output of node.outputs) this.#producers.set(output, node)
    })
  }

  // ---- what is known

  /** The sizes of a value as far as they are known; null when not even the rank is. */
  dims(name: string): Dims | null {
    return this.#types.get(name)?.dims ?? null
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
    return this.#types.get(name)?.dtype ?? null
  }

  /** @throws ProbityError `graph/unknown-type` */
  dtype(name: string): DType {
    const dtype = this.knownDtype(name)
    if (dtype === null) throw new ProbityError('graph/unknown-type', `The type of "${name}" is unknown, which its gradient needs. Export the model with type information.`)
    return dtype
  }

  /** States the type of an emitted value. */
  describe(name: string, type: TensorType | null | undefined): string {
    if (type && !this.#types.has(name)) this.#types.set(name, type)
    return name
  }

  type(name: string): TensorType | null {
    return this.#types.get(name) ?? null
  }

  /** The tensor behind a name that can never change: an initializer that nobody may override, or the output of a Constant. */
  constantTensor(name: string): Initializer | null {
    const initializer = this.#overridable.has(name) ? undefined : this.builder.initializers.get(name)
    if (initializer) return initializer
    const value = this.#producers.get(name)?.attributes.get('value')
    return value?.type === 'tensor' && this.#producers.get(name)?.opType === 'Constant' ? value.value : null
  }

  /** Elements of a constant. */
  constantNumbers(name: string): readonly number[] | null {
    const tensor = this.constantTensor(name)
    if (tensor !== null) return isExternal(tensor) ? null : Array.from(toNumbers(tensor))
    const node = this.#producers.get(name)
    if (node?.opType !== 'Constant') return null
    for (const attribute of node.attributes.values()) {
      if (attribute.type === 'int') return [toNumber(attribute.value)]
      if (attribute.type === 'ints') return attribute.value.map(toNumber)
      if (attribute.type === 'float') return [attribute.value]
      if (attribute.type === 'floats') return attribute.value
    }
    return null
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
    const names = this.builder.addMany(opType, inputs, outputs, attributes)
    this.#emitted.set(key, names)
    return names
  }

  /** Another output of a node of the graph, such as the Indices of MaxPool. */
  extraOutput(node: Node, index: number, hint: string): string {
    const position = this.#positions.get(node)
    if (position === undefined) throw new Error(`${node.name} is not a node of the graph`)
    const current = this.builder.nodes[position]
    if (current.outputs[index]) return current.outputs[index]
    const outputs = Array.from({ length: Math.max(index + 1, current.outputs.length) }, (_, i) => current.outputs[i] ?? '')
    outputs[index] = this.builder.fresh(`probity/${hint}`)
    this.builder.nodes[position] = { ...current, outputs }
    return outputs[index]
  }

  add = (a: string, b: string): string => this.emit('Add', [a, b])
  sub = (a: string, b: string): string => this.emit('Sub', [a, b])
  mul = (a: string, b: string): string => this.emit('Mul', [a, b])
  div = (a: string, b: string): string => this.emit('Div', [a, b])
  neg = (a: string): string => this.emit('Neg', [a])

  cast(name: string, dtype: DType): string {
    return this.emit('Cast', [name], { to: CAST_TO[dtype] })
  }

  /** A scalar of the dtype of `like`. */
  scalar(value: number, like: string): string {
    return this.builder.constant(value, this.dtype(like))
  }

  // ---- shapes

  ints(values: readonly number[]): string {
    return this.builder.shape(values)
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
