/** @file What is fetched for predictions: the file's own outputs, and for outputs that are maps the tensor they are made of. */
import { ProbityError } from '../../contracts/errors.js'
import { exposeValues, inferShapes, producersOf, type OnnxModel } from '../../graph/index.js'

export type ForwardPlan = {
  /** The file to run when its own outputs are not what is fetched; null when the original bytes do. */
  readonly rewritten: OnnxModel | null
  /** Names of outputs that stand for others: ZipMap's output → ZipMap's input. */
  readonly aliases: ReadonlyMap<string, string>
}

/**
 * ONNX Runtime's Node binding cannot hand out maps and sequences, and fails when one is fetched. ZipMap only names the columns of its input,
 * so that is fetched instead; other outputs that are no tensors are left out.
 *
 * @param wanted Further values to fetch, such as the scores behind a label.
 * @throws ProbityError when no output is left
 */
export function planForward(model: OnnxModel, wanted: readonly string[]): ForwardPlan {
  const producers = producersOf(model.graph)
  const outputs = inferShapes(model.graph).outputs
  const aliases = new Map(outputs.flatMap(({ name }) => (producers.get(name)?.opType === 'ZipMap' ? [[name, producers.get(name)!.inputs[0]] as const] : [])))
  const tensors = outputs.filter(({ name, type }) => !aliases.has(name) && (type === null || type.kind === 'tensor')).map(({ name }) => name)
  const added = [...aliases.values(), ...wanted].filter((name) => !tensors.includes(name) && !aliases.has(name))
  if (tensors.length + added.length === 0) {
    throw new ProbityError('engine/no-output', `No output of the model is a tensor: ${outputs.map(({ name }) => name).join(', ') || 'it has none'}. Export the model with tensor outputs.`)
  }
  const isOriginal = tensors.length === outputs.length && added.length === 0
  return { rewritten: isOriginal ? null : exposeValues(model, added), aliases }
}
