/** @file Several float inputs as one table, so that an attack moves all columns of a row together. Exporters of pipelines give each column an input of its own. */
import type { Model, ModelInput } from '../contracts/model.js'
import type { Feeds, Tensor, Tensors } from '../contracts/tensor.js'
import { sizeOf } from '../tensor/dtypes.js'
import { fromNumbers, toNumbers, toTensor } from '../tensor/tensor.js'

export type JoinedModel = {
  /** Takes the joined input instead of those it is made of. */
  readonly model: Model
  /** Name of the joined input, [rows, columns of all inputs in the order given]; float32 where all of them are, else float64. */
  readonly input: string
  /** Feeds of the original model → feeds of the joined one. */
  join(feeds: Feeds): Tensors
}

/** @param names float inputs with rows along their first axis */
export function joinInputs(model: Model, names: readonly string[]): JoinedModel {
  const parts = names.map((name) => model.inputs.find((input) => input.name === name)!)
  const others = model.inputs.filter(({ name }) => !names.includes(name))
  let input = names.join('+')
  while (others.some(({ name }) => name === input)) input += '+'
  const dtype = parts.every((part) => part.dtype === 'float32') ? 'float32' : 'float64'
  const inputs: ModelInput[] = [{ name: input, dtype, dims: null, batchAxis: 0 }, ...others]
  let shapes: readonly (readonly number[])[] = []

  const join = (feeds: Feeds): Tensors => {
    const tensors = parts.map(({ name, dtype }) => toTensor(feeds[name], dtype, `input ${name}`))
    shapes = tensors.map(({ dims }) => dims.slice(1))
    return record([...feedsOf(others, feeds), [input, sideBySide(tensors, dtype)]])
  }
  const split = (feeds: Feeds): Tensors => {
    const joined = toTensor(feeds[input], dtype, `input ${input}`)
    const [rows, width] = joined.dims
    const values = toNumbers(joined)
    let column = 0
    const pieces = parts.map(({ name, dtype: own }, i): [string, Tensor] => {
      const [start, size] = [column, sizeOf(shapes[i])]
      column += size
      const piece = Float64Array.from({ length: rows * size }, (_, k) => values[Math.floor(k / size) * width + start + (k % size)])
      return [name, fromNumbers(piece, [rows, ...shapes[i]], own)]
    })
    return record([...feedsOf(others, feeds), ...pieces])
  }
  return {
    input,
    join,
    model: {
      inputs, outputs: model.outputs, prediction: model.prediction, engine: model.engine, fixedBatch: model.fixedBatch, metadata: model.metadata, capabilities: model.capabilities,
      predict: (feeds) => model.predict(split(feeds)),
      evaluate: (feeds, objective) => model.evaluate(split(feeds), objective),
      gradient: async (feeds, objective) => {
        const gradients = await model.gradient(split(feeds), objective, { withRespectTo: names })
        return record([[input, sideBySide(names.map((name) => gradients[name]), dtype)]])
      },
      dispose: () => model.dispose(),
    },
  }
}

/** [rows, …] of each → [rows, elements of all] */
function sideBySide(tensors: readonly Tensor[], dtype: 'float32' | 'float64'): Tensor {
  const rows = tensors[0].dims[0]
  const sizes = tensors.map(({ dims }) => sizeOf(dims.slice(1)))
  const width = sizes.reduce((sum, size) => sum + size, 0)
  const data = new Float64Array(rows * width)
  let start = 0
  tensors.forEach((tensor, i) => {
    toNumbers(tensor).forEach((value, k) => (data[Math.floor(k / sizes[i]) * width + start + (k % sizes[i])] = value))
    start += sizes[i]
  })
  return fromNumbers(data, [rows, width], dtype)
}

const feedsOf = (inputs: readonly ModelInput[], feeds: Feeds): [string, Tensor][] => inputs.map(({ name, dtype }) => [name, toTensor(feeds[name], dtype, `input ${name}`)])

/** Names come from the file: a null prototype keeps `__proto__` a name like any other. */
function record(entries: readonly (readonly [string, Tensor])[]): Tensors {
  const tensors = Object.create(null) as Record<string, Tensor>
  for (const [name, tensor] of entries) tensors[name] = tensor
  return tensors
}
