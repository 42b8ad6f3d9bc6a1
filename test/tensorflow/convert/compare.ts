/** @file Holds a converted model against TensorFlow.js on its cpu backend: answers and gradients. */
import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import type { Tensor } from '../../../src/contracts/tensor.js'
import { loadModel } from '../../../src/engine/index.js'
import { checkGraph, preflight, writeModel, DEFAULT_LIMITS, type OnnxModel } from '../../../src/graph/index.js'
import { convertLayersModel } from '../../../src/tensorflow/index.js'
import { toNumbers } from '../../../src/tensor/tensor.js'
import { drawn, drawWeights, saved, type Draw } from './save-layers.js'

/** Relative to the largest magnitude of the answer, or of the gradient. */
export type Limits = { readonly answers: number; readonly gradients: number }
const LIMITS: Limits = { answers: 1e-5, gradients: 1e-4 }

export type Comparison = {
  readonly batches?: readonly number[]
  /** What is fed, by input; default: drawn numbers around zero. Whole numbers below `below` stand for words. */
  readonly feed?: (shape: readonly number[], input: string) => Float32Array
  /** `differences`: where TensorFlow.js has no gradient, or a wrong one, central differences of its answers for the first row. */
  readonly gradient?: boolean | 'differences'
  /** With `differences`: feeds of this value are left out, since the function bends there. */
  readonly kink?: number
  /** Changes what was saved before it is converted, where TensorFlow.js itself saves what it cannot load. */
  readonly edit?: (topology: Record<string, unknown>) => void
  /** Calculates what is expected where a model of TensorFlow.js cannot. */
  readonly reference?: (xs: tf.Tensor[]) => tf.Tensor[]
  readonly limits?: Partial<Limits>
  /** For sizes that the model leaves open. */
  readonly open?: number
}

export async function convertDrawn(model: tf.LayersModel, draw: Draw, edit?: Comparison['edit']): Promise<OnnxModel> {
  if (model instanceof tf.Sequential) model.build()
  drawWeights(model, draw)
  const { model: json, weights } = await saved(model)
  const topology = structuredClone(json.topology) as Record<string, unknown>
  edit?.(topology)
  return convertLayersModel({ ...json, topology }, weights)
}

export async function expectSame(model: tf.LayersModel, draw: Draw, comparison: Comparison = {}): Promise<OnnxModel> {
  const converted = await convertDrawn(model, draw, comparison.edit)
  await expectEqualModels(model, converted, draw, comparison)
  return converted
}

export async function expectEqualModels(model: tf.LayersModel, converted: OnnxModel, draw: Draw, comparison: Comparison = {}): Promise<void> {
  const { batches = [1, 3], feed, gradient = true, open = 5 } = comparison
  const { answers, gradients } = { ...LIMITS, ...comparison.limits }
  const run = comparison.reference ?? ((xs: tf.Tensor[]) => [model.predict(xs, { batchSize: 1024 })].flat())
  const bytes = writeModel(converted)
  preflight(bytes, { ...DEFAULT_LIMITS, blockRows: 4 })
  checkGraph(converted.graph)
  const session = await loadModel(bytes)
  try {
    expect(session.inputs.map(({ name }) => name)).toEqual(model.inputs.map(({ sourceLayer }) => sourceLayer.name))
    for (const batch of batches) {
      const shapes = session.inputs.map(({ dims }) => (dims ?? []).map((dim) => (typeof dim === 'number' ? dim : null)).map((size, axis) => size ?? (axis === 0 ? batch : open)))
      const data = shapes.map((shape, i) => (feed ?? ((dims) => drawn(draw, dims.reduce((a, b) => a * b, 1))))(shape, session.inputs[i].name))
      const xs = shapes.map((shape, i) => tf.tensor(data[i], shape, model.inputs[i].dtype as 'float32'))
      const expected = run(xs)
      const feeds = Object.fromEntries(shapes.map((dims, i) => [session.inputs[i].name, { data: xs[i].dtype === 'int32' ? Int32Array.from(data[i]) : data[i], dims }]))
      const outputs = await session.predict(feeds)
      const names = session.outputs.map(({ name }) => name)
      expected.forEach((tensor, i) => expectClose(outputs[names[i]], tensor, answers, `${names[i]}, batch ${batch}`))
      if (gradient === 'differences') await expectDifferences(session, { run, shapes, data, feeds, draw, limit: gradients, kink: comparison.kink })
      else if (gradient && expected.every(({ dtype }) => dtype === 'float32')) await expectGradients(model, session, converted, { xs, feeds, draw, limit: gradients })
      tf.dispose([...xs, ...expected])
    }
  } finally {
    await session.dispose()
  }
}

type Session = Awaited<ReturnType<typeof loadModel>>

/** Of the squared distance of the first output from drawn targets, by reverse mode on both sides. */
async function expectGradients(model: tf.LayersModel, session: Session, converted: OnnxModel, { xs, feeds, draw, limit }: { xs: tf.Tensor[]; feeds: Parameters<Session['predict']>[0]; draw: Draw; limit: number }): Promise<void> {
  const inputs = xs.flatMap((x, i) => (x.dtype === 'float32' ? [i] : []))
  if (inputs.length === 0) return
  const answer = (values: tf.Tensor[]) => [model.apply(values.length === 1 ? values[0] : values)].flat()[0] as tf.Tensor
  const shape = tf.tidy(() => answer(xs).shape)
  const target = drawn(draw, shape.reduce((product, size) => product * size, 1))
  const wanted = tf.tidy(() => tf.grads((...given: tf.Tensor[]) => {
    const distance = tf.sub(answer(xs.map((x, i) => (inputs.includes(i) ? given[inputs.indexOf(i)] : x))), tf.tensor(target, shape))
    return tf.mul(tf.sum(tf.square(distance)), shape[0] / target.length)
  })(inputs.map((i) => xs[i])))
  const got = await session.gradient(feeds, { output: converted.graph.outputs[0].name, loss: 'mse', target }, { withRespectTo: inputs.map((i) => session.inputs[i].name) })
  wanted.forEach((gradient, i) => expectClose(got[session.inputs[inputs[i]].name], gradient, limit, `gradient of ${session.inputs[inputs[i]].name}`))
  tf.dispose(wanted)
}

type Differences = {
  readonly run: (xs: tf.Tensor[]) => tf.Tensor[]
  readonly shapes: readonly number[][]
  readonly data: readonly Float32Array[]
  readonly feeds: Parameters<Session['predict']>[0]
  readonly draw: Draw
  readonly limit: number
  readonly kink: number | undefined
}
const STEP = 0.05

/** Extrapolated from two steps, so that what bends is met to the fourth order; the whole batch is made of changed copies of the first row. */
async function expectDifferences(session: Session, { run, shapes, data, feeds, draw, limit, kink }: Differences): Promise<void> {
  const [output] = session.outputs
  const steps = [2 * STEP, STEP, -STEP, -2 * STEP]
  const rows = shapes.map((shape, i) => data[i].subarray(0, data[i].length / shape[0]))
  const answers = (copies: readonly Float32Array[]): Float32Array => tf.tidy(() => {
    const count = copies[0].length / rows[0].length
    return run(copies.map((values, i) => tf.tensor(values, [count, ...shapes[i].slice(1)])))[0].dataSync() as Float32Array
  })
  const size = answers(rows).length
  const target = drawn(draw, size * shapes[0][0])
  const got = await session.gradient(feeds, { output: output.name, loss: 'mse', target })
  for (const [k, row] of rows.entries()) {
    const copies = rows.map((other) => {
      const all = new Float32Array(row.length * steps.length * other.length)
      for (let i = 0; i < row.length * steps.length; i++) all.set(other, i * other.length)
      return all
    })
    for (let i = 0; i < row.length; i++) steps.forEach((step, s) => (copies[k][(i * steps.length + s) * row.length + i] += step))
    const moved = copies[k]
    const changed = answers(copies)
    const distance = (copy: number) => changed.subarray(copy * size, (copy + 1) * size).reduce((sum, value, j) => sum + (value - target[j]) ** 2 / size, 0)
    const mine = toNumbers(got[session.inputs[k].name])
    const wanted = Float64Array.from(row, (_, i) => {
      // The steps that single precision has really made.
      const width = (from: number, to: number) => moved[(i * steps.length + from) * row.length + i] - moved[(i * steps.length + to) * row.length + i]
      const wide = (distance(i * 4) - distance(i * 4 + 3)) / width(0, 3)
      return (4 * ((distance(i * 4 + 1) - distance(i * 4 + 2)) / width(1, 2)) - wide) / 3
    })
    const scale = Math.max(...wanted.map(Math.abs), 1e-3)
    const worst = Math.max(...Array.from(row, (value, i) => (value === kink ? 0 : Math.abs(mine[i] - wanted[i]) / scale)))
    expect(worst, `differences of ${session.inputs[k].name}`).toBeLessThanOrEqual(limit)
  }
}

export function expectClose(got: Tensor, wanted: tf.Tensor, limit: number, what: string): void {
  expect([...got.dims], `${what}: shape`).toEqual(wanted.shape)
  const [mine, theirs] = [toNumbers(got), wanted.dataSync()]
  const scale = Math.max(...Array.from(theirs, Math.abs), 1e-3)
  let worst = 0
  for (let i = 0; i < mine.length; i++) {
    const error = Math.abs(mine[i] - theirs[i]) / scale
    if (!(error <= worst)) worst = error
  }
  expect(worst, what).toBeLessThanOrEqual(limit)
}
