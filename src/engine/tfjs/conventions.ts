/**
 * @file Gradients where TensorFlow.js has another convention than the ONNX engine, which is PyTorch's, or none. They hold while a gradient of ours is
 * calculated and not a moment longer, since other code in the process shares the registry.
 */
import type * as Tf from '@tensorflow/tfjs'
import { maxPoolGradient, MISPLACES_MAXIMA } from './max-pool.js'
import type { TfPackage } from './packages.js'

/** Steps: their derivative is zero wherever it exists, and without one TensorFlow.js refuses every graph that compares values. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  Equal: ['a', 'b'], NotEqual: ['a', 'b'], Greater: ['a', 'b'], GreaterEqual: ['a', 'b'], Less: ['a', 'b'], LessEqual: ['a', 'b'],
  LogicalAnd: ['a', 'b'], LogicalOr: ['a', 'b'], LogicalNot: ['x'], ArgMax: ['x'], ArgMin: ['x'], IsNan: ['x'], IsInf: ['x'], IsFinite: ['x'],
}

/** Runs work with the conventions in force. */
export async function withConventions<T>(tf: TfPackage, work: () => T | Promise<T>): Promise<T> {
  const ours = conventions(tf)
  const before = ours.map(({ kernelName }) => tf.getGradient(kernelName))
  // Registering over an entry is refused with a warning.
  const replace = (name: string, config: Tf.GradConfig | undefined) => {
    if (tf.getGradient(name)) tf.unregisterGradient(name)
    if (config) tf.registerGradient(config)
  }
  ours.forEach((config) => replace(config.kernelName, config))
  try {
    return await work()
  } finally {
    ours.forEach(({ kernelName }, i) => replace(kernelName, before[i]))
  }
}

function conventions(tf: TfPackage): Tf.GradConfig[] {
  const zeros = (shape: number[]) => () => tf.zeros(shape)
  const one = (dy: Tf.Tensor | Tf.Tensor[]): Tf.Tensor => (Array.isArray(dy) ? dy[0] : dy)

  const steps = Object.entries(STEPS).map(([kernelName, inputs]): Tf.GradConfig => ({
    kernelName, inputsToSave: [...inputs],
    gradFunc: (_dy, saved) => Object.fromEntries(inputs.map((name, i) => [name, zeros(saved[i].shape)])),
  }))

  /** The gradient is shared evenly by equal extremes. TensorFlow.js gives each of them the whole. */
  const extreme = (kernelName: 'Max' | 'Min'): Tf.GradConfig => ({
    kernelName, inputsToSave: ['x'], outputsToSave: [true],
    gradFunc: (dy, [x, y], attributes) => {
      const axes = tf.util.parseAxisParam(attributes['reductionIndices'] as number | number[], x.shape)
      const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
      return {
        x: () => {
          const isExtreme = x.equal(y.reshape(kept)).cast('float32')
          return one(dy).reshape(kept).mul(isExtreme.div(isExtreme.sum(axes, true)))
        },
      }
    },
  })

  /** Half to each of two equal values. TensorFlow.js gives all to the first, and forgets to sum over broadcast axes. */
  const pairwise = (kernelName: 'Maximum' | 'Minimum'): Tf.GradConfig => ({
    kernelName, inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => {
      const wins = (x: Tf.Tensor, other: Tf.Tensor) => (kernelName === 'Maximum' ? x.greater(other) : x.less(other)).cast('float32').add(x.equal(other).cast('float32').mul(0.5))
      const share = (x: Tf.Tensor, other: Tf.Tensor) => () => {
        const spread = one(dy).mul(wins(x, other))
        return spread.sum(tf.broadcast_util.getReductionAxes(x.shape, spread.shape)).reshape(x.shape)
      }
      return { a: share(a, b), b: share(b, a) }
    },
  })

  /** Nothing passes through a rounding to integers; TensorFlow.js passes the gradient straight through. */
  const cast: Tf.GradConfig = {
    kernelName: 'Cast',
    gradFunc: (dy, _saved, { dtype }) => ({ x: () => (dtype === 'float32' ? one(dy).clone() : tf.zerosLike(one(dy)).cast('float32')) }),
  }

  const pooling = (kernelName: 'MaxPool' | 'MaxPool3D'): Tf.GradConfig => ({
    kernelName, inputsToSave: ['x'], outputsToSave: [true],
    gradFunc: (dy, [x, y], attributes) => ({ x: () => maxPoolGradient(tf, one(dy), x, y, attributes as Parameters<typeof maxPoolGradient>[4]) }),
  })

  const gather = tf.getGradient('GatherV2')
  const indices: Tf.GradConfig[] = gather
    ? [{ ...gather, gradFunc: (dy, saved, attributes) => ({ ...gather.gradFunc(dy, saved, attributes), indices: zeros(saved[1].shape) }) }]
    : []
  return [...steps, extreme('Max'), extreme('Min'), pairwise('Maximum'), pairwise('Minimum'), cast, pooling(MISPLACES_MAXIMA.has(tf.getBackend()) ? 'MaxPool' : 'MaxPool3D'), ...indices]
}
