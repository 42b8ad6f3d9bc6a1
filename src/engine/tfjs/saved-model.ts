/** @file A SavedModel, which TensorFlow runs as a whole. */
import type * as Tf from '@tensorflow/tfjs'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { DType } from '../../contracts/tensor.js'
import type { Signature } from '../batch.js'
import type { Network } from './network.js'
import { bestReading, isLabelLike, readFloat } from './reading.js'
import type { Runtime } from './runtime.js'

const NO_GRADIENT = 'TensorFlow runs a SavedModel as a whole, without a gradient. Convert it with tensorflowjs_converter, which gives a GraphModel, or with python -m tf2onnx.convert'

/** @throws ProbityError `engine/format` where the backend has no TensorFlow in it */
export async function openSavedModel(folder: string, { node, backend }: Runtime): Promise<Network> {
  if (node === null) {
    throw new ProbityError('engine/format', `${folder}: a SavedModel needs TensorFlow itself, and the backend is ${backend}. Install @tensorflow/tfjs-node, or convert the model with tensorflowjs_converter or tf2onnx.`)
  }
  const model = await node.node.loadSavedModel(folder).catch((error: unknown) => {
    throw new ProbityError('engine/open', `TensorFlow could not open the SavedModel ${folder}: ${messageOf(error)}. Save it with the signature serving_default.`, { cause: error })
  })
  // The model itself knows the names of nodes only; those of the signature are what it is fed by.
  const graphs = await node.node.getMetaGraphsFromSavedModel(folder)
  const signature = graphs.find(({ tags }) => tags.length === 1 && tags[0] === 'serve')!.signatureDefs['serving_default']
  const inputs = Object.entries(signature.inputs).map(signatureOf)
  const outputs = Object.entries(signature.outputs).map(signatureOf)
  const values = new Map([...inputs.map((port) => [port, 'input'] as const), ...outputs.map((port) => [port, 'activation'] as const)].map(([{ name, dims, dtype }, kind]) => [name, { kind, dims, isFloat: dtype === 'float32' }]))
  return {
    format: 'tensorflow-saved-model', producer: '', metadata: {}, inputs, outputs, values, aliases: new Map(), noGradient: NO_GRADIENT, waits: false,
    read(named) {
      const wanted = named === null ? outputs : outputs.filter(({ name }) => name === named)
      const label = wanted.find((port) => isLabelLike(port, wanted.length === 1)) ?? null
      const best = bestReading(wanted.filter((port) => port !== label && port.dtype === 'float32').map((port) => readFloat(port, null, null)))
      const prediction = best?.prediction ?? { output: null, kind: 'label', logits: null, labelOutput: null, classes: null, columns: null }
      return { prediction: { ...prediction, labelOutput: label?.name ?? null }, independentColumns: false }
    },
    run({ feeds, fetches }) {
      const answers = model.predict(Object.fromEntries(feeds), {}) as Tf.NamedTensorMap
      return new Map(fetches.map((name) => [name, answers[name]]))
    },
    dispose: () => model.dispose(),
  }
}

/** TensorFlow.js declares numbers, and hands out messages of protobuf. */
type Size = number | { getSize(): number }

function signatureOf([name, { dtype, shape }]: [string, Tf.ModelTensorInfo]): Signature {
  const sizes = (shape as readonly Size[] | undefined)?.map((size) => (typeof size === 'number' ? size : size.getSize()))
  return { name, dtype: dtype as DType, dims: sizes?.map((size) => (size < 0 ? null : size)) ?? null }
}
