/** @file One call of one layer, as the converters of the layers see it. */
import type { Dim } from '../../contracts/model.js'
import type { LayerConfig, RawConfig } from './layer-config.js'
import type { LayerWeights } from './layer-weights.js'
import { activationNamed } from './activations.js'
import { Refusal } from './refusal.js'
import { storedAxis, type Order, type Value, type Writer } from './writer.js'

/** Which steps of each row count: a bool value [batch, time]; `broken` where TensorFlow.js makes one of a shape that nothing can use. */
export type Mask = { readonly name: string; readonly steps: Dim } | 'broken'

export type Inner = { readonly className: string; readonly config: RawConfig; readonly weights: LayerWeights; readonly inputs: readonly Value[]; readonly path: string }

export class LayerCall {
  constructor(
    readonly w: Writer,
    readonly className: string,
    readonly config: LayerConfig,
    readonly weights: LayerWeights,
    readonly inputs: readonly Value[],
    /** What the layer is given as its mask. */
    readonly mask: Mask | null,
    /** Converts a layer that this one wraps, or the layers of a model. */
    readonly convert: (inner: Inner) => readonly Value[],
  ) {}

  /** The only input. */
  get x(): Value {
    if (this.inputs.length !== 1) throw new Refusal(`it is given ${this.inputs.length} inputs instead of one`)
    return this.inputs[0]
  }

  /** The only input, as float32. */
  get floats(): Value {
    return asFloat(this.w, this.x)
  }

  /** The only input as float32, which has that many axes. */
  ofRank(rank: number): Value {
    if (this.x.dims.length !== rank) throw new Refusal(`its input has ${this.x.dims.length} axes instead of ${rank}`, 'shape')
    return this.floats
  }

  /** The activation along the last axis. */
  activate(value: Value, name: string): Value {
    return { ...value, name: activationNamed(name)(this.w, value.name, storedAxis(value, value.dims.length - 1)) }
  }

  /** What works element by element: the order of the axes stays. */
  pointwise(opType: string, others: readonly string[] = [], attributes: Parameters<Writer['add']>[2] = {}): readonly Value[] {
    const x = this.floats
    return [{ ...x, name: this.w.add(opType, [x.name, ...others], attributes) }]
  }
}

export type LayerConverter = (call: LayerCall) => readonly Value[]
export type LayerTable = Readonly<Record<string, LayerConverter>>

export const floatValue = (name: string, dims: readonly Dim[], order: Order = null): Value => ({ name, dims, order, dtype: 'float32' })

export const asFloat = (w: Writer, value: Value): Value => (value.dtype === 'float32' ? value : { ...value, name: w.add('Cast', [value.name], { to: 1 }), dtype: 'float32' })

/** @throws Refusal where the size is not known or not a size */
export function knownSize(dim: Dim | undefined, what: string): number {
  if (typeof dim !== 'number') throw new Refusal(`${what} is not known: the model must state it`, 'shape')
  return dim
}

export function axisOf(axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis
  if (counted < 0 || counted >= rank) throw new Refusal(`its axis ${axis} does not exist in an input of ${rank} axes`, 'shape')
  return counted
}

/** Product of sizes; null where one is not known. */
export const sizeOrNull = (dims: readonly Dim[]): number | null => dims.reduce<number | null>((product, dim) => (product === null || typeof dim !== 'number' ? null : product * dim), 1)
