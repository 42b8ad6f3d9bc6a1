/**
 * @file Writes nodes under readable names. A value carries the order in which its axes are stored, so that layers that want channels first follow each other
 * without transposing in between.
 */
import type { Dim } from '../../contracts/model.js'
import type { DType, Tensor } from '../../contracts/tensor.js'
import { toAttributes, type Attribute, type Initializer, type Node } from '../../graph/index.js'
import { fromNumbers } from '../../tensor/tensor.js'

/** The axis of `dims` that lies at each stored axis; null: as they are. */
export type Order = readonly number[] | null

export type Value = {
  readonly name: string
  /** As Keras counts the axes. */
  readonly dims: readonly Dim[]
  readonly order: Order
  readonly dtype: Extract<DType, 'float32' | 'int32' | 'bool'>
  /** Behind a layer that was refused: shape and value are guesses. */
  readonly guessed?: boolean
}

export type Attributes = Readonly<Record<string, Attribute | number | readonly number[] | string | undefined>>

/** Batch and channels first, for a value whose channels are last. */
export const channelsFirst = (rank: number): readonly number[] => [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]
/** Time before batch. */
export const timeFirst = (rank: number): readonly number[] => [1, 0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2)]
const identity = (rank: number): readonly number[] => Array.from({ length: rank }, (_, i) => i)

/** Where an axis lies in storage. */
export const storedAxis = ({ order }: Pick<Value, 'order'>, axis: number): number => (order === null ? axis : order.indexOf(axis))
export const storedDims = <T>(dims: readonly T[], order: Order): T[] => (order === null ? [...dims] : order.map((axis) => dims[axis]))
export const sameOrder = (a: Order, b: Order, rank: number): boolean => (a ?? identity(rank)).every((axis, place) => axis === (b ?? identity(rank))[place])

export class Writer {
  /** Readable name of the layer that is being written. */
  path = ''
  readonly #transposed = new Map<string, string>()

  constructor(
    readonly nodes: Node[] = [],
    readonly initializers: Map<string, Initializer> = new Map(),
    readonly names: Set<string> = new Set(),
    readonly constants: Map<string, string> = new Map(),
  ) {}

  /** For the body of a Scan: nodes of its own, names and constants shared with the graph around it. */
  body(): Writer {
    const inner = new Writer([], this.initializers, this.names, this.constants)
    inner.path = this.path
    return inner
  }

  fresh(hint: string): string {
    let name = hint
    for (let i = 1; this.names.has(name); i++) name = `${hint}_${i}`
    this.names.add(name)
    return name
  }

  add(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.addMany(opType, inputs, 1, attributes)[0]
  }

  addMany(opType: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): string[] {
    const names = Array.from({ length: outputs }, () => this.fresh(`${this.path}/${opType}`))
    this.nodes.push({ name: names[0], opType, domain: '', inputs, outputs: names, attributes: toAttributes(attributes) })
    return names
  }

  /** A small constant, shared between equal uses. */
  constant(values: number | readonly number[], dtype: DType = 'float32'): string {
    const list = typeof values === 'number' ? [values] : values
    const dims = typeof values === 'number' ? [] : [list.length]
    return this.#memo(`constant/${dtype}/${dims.length === 0 ? 'scalar' : ''}${list.map((value) => (Object.is(value, -0) ? '-0' : value)).join(',')}`, () => fromNumbers(list, dims, dtype))
  }

  integers(values: readonly number[]): string {
    return this.constant(values, 'int64')
  }

  /** What a layer's weight becomes; the same initializer however often the layer is called. */
  weight(hint: string, make: () => Tensor): string {
    return this.#memo(`${this.path}/${hint}`, make)
  }

  #memo(key: string, make: () => Tensor): string {
    const known = this.constants.get(key)
    if (known !== undefined) return known
    const name = this.fresh(key)
    this.initializers.set(name, make())
    this.constants.set(key, name)
    return name
  }

  /** The value with its axes stored in that order. */
  stored(value: Value, order: Order = null): string {
    const rank = value.dims.length
    if (sameOrder(value.order, order, rank)) return value.name
    const perm = (order ?? identity(rank)).map((axis) => storedAxis(value, axis))
    const key = `${value.name}|${perm.join(',')}`
    const known = this.#transposed.get(key)
    if (known !== undefined) return known
    const name = this.add('Transpose', [value.name], { perm })
    this.#transposed.set(key, name)
    return name
  }

  /** Gives a value another name wherever it stands, from a node on. */
  rename(from: string, to: string, start = 0): void {
    const other = (name: string): string => (name === from ? to : name)
    this.nodes.forEach((node, index) => {
      if (index < start) return
      if (node.inputs.includes(from) || node.outputs.includes(from)) this.nodes[index] = { ...node, inputs: node.inputs.map(other), outputs: node.outputs.map(other) }
    })
    for (const [key, name] of this.#transposed) {
      if (key.startsWith(`${from}|`)) this.#transposed.set(`${to}${key.slice(from.length)}`, name)
      if (name === from) this.#transposed.set(key, to)
    }
  }
}
