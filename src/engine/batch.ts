/** @file Which axis of each input and output counts rows, read from the shapes that the file states. */
import type { Dim, ModelInput, ModelOutput } from '../contracts/model.js'
import type { DType } from '../contracts/tensor.js'

export type Signature = { readonly name: string; readonly dtype: DType; readonly dims: readonly Dim[] | null }
export type BatchAxes = { readonly inputs: readonly ModelInput[]; readonly outputs: readonly ModelOutput[]; readonly fixedBatch: number | null }

/**
 * A leading axis without a fixed size counts rows; so does any axis that bears the name of the outputs' leading axis, as in [sequence, batch].
 * Where every leading size is a number, the file is fixed to one batch size if an input and an output share it.
 */
export function detectBatchAxes(inputs: readonly Signature[], outputs: readonly Signature[]): BatchAxes {
  const symbol = outputs.map(({ dims }) => dims?.[0]).find((dim): dim is string => typeof dim === 'string' && inputs.some((input) => input.dims?.includes(dim))) ?? null
  const open = inputs.some(({ dims }) => axisOf(dims, symbol) !== null)
  const fixedBatch = open ? null : sharedLeadingSize(inputs, outputs)
  const withAxis = (value: Signature): ModelInput => ({ ...value, batchAxis: fixedBatch === null ? axisOf(value.dims, symbol) : value.dims?.[0] === fixedBatch ? 0 : null })
  const hasRows = open || fixedBatch !== null
  return {
    inputs: inputs.map(withAxis),
    outputs: outputs.map((output) => (hasRows ? withOpenOutput(withAxis(output), fixedBatch) : { ...output, batchAxis: null })),
    fixedBatch,
  }
}

/** Fixed inputs may lead to an output whose size the file leaves open: it still counts rows. */
function withOpenOutput(output: ModelOutput, fixedBatch: number | null): ModelOutput {
  return fixedBatch !== null && output.batchAxis === null && typeof output.dims?.[0] !== 'number' ? { ...output, batchAxis: axisOf(output.dims, null) } : output
}

function axisOf(dims: readonly Dim[] | null, symbol: string | null): number | null {
  if (dims === null) return 0
  if (symbol !== null && dims.includes(symbol)) return dims.indexOf(symbol)
  return dims.length > 0 && typeof dims[0] !== 'number' ? 0 : null
}

function sharedLeadingSize(inputs: readonly Signature[], outputs: readonly Signature[]): number | null {
  const leading = (dims: readonly Dim[] | null) => (typeof dims?.[0] === 'number' ? dims[0] : null)
  const sizes = outputs.map(({ dims }) => leading(dims)).filter((size) => size !== null)
  for (const { dims } of inputs) {
    const size = leading(dims)
    // Outputs of unknown shape do not contradict; a lone vector such as [11] is one row of features, not eleven rows.
    if (size !== null && (sizes.includes(size) || (sizes.length === 0 && dims!.length > 1))) return size
  }
  return null
}
