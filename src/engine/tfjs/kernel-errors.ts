/** @file What TensorFlow.js says where a kernel or a gradient is missing, as errors that say what to do. */
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { Runtime } from './runtime.js'
import { isWrongKernel } from './wrong-kernels.js'

const BACKEND_NAMES: readonly (readonly [string, string])[] = [['tensorflow', 'node'], ['webgpu', 'webgpu'], ['wasm', 'wasm'], ['cpu', 'cpu']]

/** @param doing as in "could not run model.json" */
export function explainFailure(error: unknown, { tf, backend }: Runtime, doing: string): ProbityError {
  if (error instanceof ProbityError) return error
  const message = messageOf(error)
  const kernel = /Kernel '([^']+)' not registered for backend/.exec(message)?.[1]
  if (kernel !== undefined) {
    const others = BACKEND_NAMES.flatMap(([registered, name]) => (name !== backend && tf.getKernel(kernel, registered) ? [name] : []))
    const hint = others.length > 0 ? `Of the backends that are loaded, ${others.join(' and ')} ${others.length === 1 ? 'has' : 'have'} one: choose backend ${others[0]}.` : 'No backend that is loaded has it: choose another one.'
    const fault = isWrongKernel(kernel, backend) ? `the kernel ${kernel} of the backend ${backend} gives wrong numbers` : `the backend ${backend} has no kernel ${kernel}`
    return new ProbityError('engine/missing-kernel', `TensorFlow.js could not ${doing}: ${fault}. ${hint}`, { cause: error })
  }
  const step = /gradient function not found for (\w+)|Cannot backprop through input (\w+)/.exec(message)
  if (step !== null) {
    const what = step[1] !== undefined ? `its operator ${step[1]} has none in TensorFlow.js` : `nothing passes back through an operator's input ${step[2]}`
    return new ProbityError('engine/no-gradient', `TensorFlow.js could not ${doing}: there is no gradient, because ${what}. Convert the model to ONNX, or name a value behind that operator in withRespectTo.`, { cause: error })
  }
  return new ProbityError('engine/run', `TensorFlow.js could not ${doing}: ${message}`, { cause: error })
}
