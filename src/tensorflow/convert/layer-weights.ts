/** @file The weights of one layer, under the names that TensorFlow.js looks for. */
import type { Tensor } from '../../contracts/tensor.js'
import { Refusal } from './refusal.js'

/** All weights of a file, by name, and by the shorter name that TensorFlow.js tries next: without the part before the last, as in `lstm/lstm_cell/kernel`. */
export class WeightFile {
  readonly #byName: ReadonlyMap<string, Tensor>
  readonly #byShortName = new Map<string, Tensor>()
  readonly #owners = new Map<Tensor, object>()

  constructor(weights: ReadonlyMap<string, Tensor>) {
    this.#byName = weights
    for (const [name, tensor] of weights) {
      const parts = name.split('/')
      if (parts.length > 2) this.#byShortName.set([...parts.slice(0, -2), ...parts.slice(-1)].join('/'), tensor)
    }
  }

  /** @param owner the definition of the layer that takes it; another one must not have the same weight, since their names say they are one layer */
  take(name: string, owner: object): Tensor {
    const tensor = this.#byName.get(name) ?? this.#byShortName.get(name)
    if (!tensor) throw new Refusal(`the file has no weight "${name}"`)
    if ((this.#owners.get(tensor) ?? owner) !== owner) throw new Refusal(`another layer of the same name has its weight "${name}"`)
    this.#owners.set(tensor, owner)
    return tensor
  }
}

export class LayerWeights {
  /**
   * @param part what sets apart the weights of one of several cells: '' or a name and a slash
   * @param anySize behind a layer that was refused, sizes are guesses
   */
  constructor(readonly file: WeightFile, readonly scope: string, readonly owner: object, readonly part = '', readonly anySize = false) {}

  /** Of a layer within. */
  inside(name: string): LayerWeights {
    return new LayerWeights(this.file, `${this.scope}/${name}`, this.owner, '', this.anySize)
  }

  /** Of one of several cells. */
  cell(name: string): LayerWeights {
    return new LayerWeights(this.file, `${this.scope}/${name}`, this.owner, `${this.part}${name}/`, this.anySize)
  }

  /** @param dims what the layer needs; null where any size will do */
  take(name: string, dims: readonly (number | null)[]): Float32Weight {
    const tensor = this.file.take(`${this.scope}/${name}`, this.owner)
    const { data } = tensor
    if (tensor.dtype !== 'float32' || !(data instanceof Float32Array)) throw new Refusal(`its weight "${name}" holds ${tensor.dtype} instead of float32`)
    if (!this.anySize && (tensor.dims.length !== dims.length || dims.some((dim, axis) => dim !== null && dim !== tensor.dims[axis]))) {
      throw new Refusal(`its weight "${name}" is [${tensor.dims.join(', ')}], where its input needs [${dims.map((dim) => dim ?? 'any').join(', ')}]`, 'shape')
    }
    return { data, dims: tensor.dims, dtype: 'float32' }
  }
}

export type Float32Weight = { readonly data: Float32Array; readonly dims: readonly number[]; readonly dtype: 'float32' }

export const weightOf = (data: Float32Array, dims: readonly number[]): Float32Weight => ({ data, dims, dtype: 'float32' })

/** Axis i of the result is axis `order[i]` of the weight. */
export function transposed({ data, dims }: Float32Weight, order: readonly number[]): Float32Weight {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1))
  const sizes = order.map((axis) => dims[axis])
  const steps = order.map((axis) => strides[axis])
  const result = new Float32Array(data.length)
  const at = new Array<number>(sizes.length).fill(0)
  let from = 0
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from]
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis]
      if (++at[axis] < sizes[axis]) break
      from -= steps[axis] * sizes[axis]
      at[axis] = 0
    }
  }
  return weightOf(result, sizes)
}

/** Equal parts along the last axis, in another order: how gates are named differently. */
export function reordered({ data, dims }: Float32Weight, parts: readonly number[]): Float32Weight {
  const width = dims[dims.length - 1]
  const part = width / parts.length
  const result = new Float32Array(data.length)
  for (let row = 0; row < data.length; row += width) {
    parts.forEach((source, place) => result.set(data.subarray(row + source * part, row + (source + 1) * part), row + place * part))
  }
  return weightOf(result, dims)
}
