/** @file What is fetched for predictions: the file's own outputs, and for outputs that are maps or sequences the tensor they are made of. */
import { ProbityError } from '../../contracts/errors.js'
import { producersOf, prune, type Graph, type OnnxModel } from '../../graph/index.js'

export type ForwardPlan = {
  /** The file to run when its own outputs cannot all be fetched; null when the original bytes do. */
  readonly rewritten: OnnxModel | null
  /** Names of outputs that stand for others: ZipMap's output → ZipMap's input. */
  readonly aliases: ReadonlyMap<string, string>
}

/**
 * ONNX Runtime's Node binding cannot hand out maps and sequences, and fails when one is fetched. ZipMap only relabels the columns of its input,
 * so that is fetched instead; other outputs that are no tensors are left out.
 *
 * @throws ProbityError when no output is left
 */
export function planForward(model: OnnxModel): ForwardPlan {
  const { graph } = model
  const producers = producersOf(graph)
  const aliases = new Map<string, string>()
  const wanted: string[] = []
  for (const { name } of graph.outputs) {
    if (isTensor(graph, name)) wanted.push(name)
    else {
      const producer = producers.get(name)
      if (producer?.opType !== 'ZipMap') continue
      aliases.set(name, producer.inputs[0])
      wanted.push(producer.inputs[0])
    }
  }
  if (wanted.length === 0) throw new ProbityError('engine/no-output', `No output of the model is a tensor: ${graph.outputs.map(({ name }) => name).join(', ') || 'it has none'}. Export the model with tensor outputs.`)
  const isOriginal = wanted.length === graph.outputs.length && aliases.size === 0
  return { rewritten: isOriginal ? null : { ...model, graph: prune(graph, [...new Set(wanted)]) }, aliases }
}

/** Files may leave the type of an output open; then only what makes it can tell. */
function isTensor(graph: Graph, name: string): boolean {
  const type = graph.outputs.find((output) => output.name === name)?.type ?? graph.valueInfo.get(name)?.type
  if (type) return type.kind === 'tensor'
  return producersOf(graph).get(name)?.opType !== 'ZipMap'
}
