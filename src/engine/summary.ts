/** @file What an audit must know of a model before it plans, with one probe: do rows influence each other? */
import type { ModelSummary } from '../contracts/model.js'
import type { Feeds, Tensor, Tensors } from '../contracts/tensor.js'
import { isFloat } from '../tensor/dtypes.js'
import { sliceRows } from '../tensor/rows.js'
import { toNumbers } from '../tensor/tensor.js'
import { checkFeeds } from './feeds.js'
import type { LoadedModel } from './options.js'

/** How many rows of the probe are run alone. */
const PROBED_ROWS = 4

/** Relative to the largest magnitude in the output: kernels sum in another order for another batch size, which moves float32 by about 1e-6. */
const TOLERANCE = 1e-5

/**
 * Plain JSON. `rowIndependent` is false when a row alone gives another answer than the row among the probe's rows: floats beyond 1e-5 of the
 * output's largest magnitude, labels at all (models whose normalisation uses the batch do that). It takes two different rows to tell.
 */
export async function summarize(model: LoadedModel, probeFeeds: Feeds): Promise<ModelSummary> {
  const { inputs, outputs, prediction, engine, fixedBatch, metadata, capabilities, format, producer, opset } = model
  return {
    inputs, outputs, prediction, engine, fixedBatch, metadata: { ...metadata }, capabilities: { gradient: capabilities.gradient }, format, producer, opset,
    rowIndependent: await isRowIndependent(model, probeFeeds),
    ...(model.fallbacks && { fallbacks: model.fallbacks.filter(({ during }) => during === 'predictions') }),
  }
}

async function isRowIndependent(model: LoadedModel, probeFeeds: Feeds): Promise<boolean> {
  const { tensors, rows } = checkFeeds(probeFeeds, model.inputs)
  if (rows === null) return false
  const together = await model.predict(probeFeeds)
  for (let row = 0; row < Math.min(rows, PROBED_ROWS); row++) {
    const alone = await model.predict(Object.fromEntries(model.inputs.map(({ name, batchAxis }) => {
      const tensor = tensors.get(name)!
      return [name, batchAxis === null ? tensor : sliceRows(tensor, row, row + 1, batchAxis)]
    })))
    if (!model.outputs.every(({ name, batchAxis }) => batchAxis === null || sameRow(alone, together, name, row, rows, batchAxis))) return false
  }
  return true
}

function sameRow(alone: Tensors, together: Tensors, name: string, row: number, rows: number, axis: number): boolean {
  const perRow = together[name].dims[axis] / rows
  const expected = sliceRows(together[name], row * perRow, (row + 1) * perRow, axis)
  if (!isFloat(expected.dtype)) return alone[name].data.length === expected.data.length && expected.data.every((value, i) => value === alone[name].data[i])
  const [a, b, all] = [alone[name], expected, together[name]].map((tensor: Tensor) => toNumbers(tensor))
  const scale = all.reduce((largest, value) => (Number.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest), 0)
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]) || Math.abs(value - b[i]) <= TOLERANCE * scale)
}
