/** @file Writes the objective, one value per row, behind an output of a graph; from plain operators, so that the rules differentiate it like the rest. */
import { ProbityError } from '../contracts/errors.js'
import type { Dim } from '../contracts/model.js'
import type { Loss } from '../contracts/objective.js'
import type { DType } from '../contracts/tensor.js'
import { isFloat } from '../tensor/dtypes.js'
import type { Dims, Emitter } from './emitter.js'

export type ObjectiveSpec = {
  /** Any float value of the graph: [batch], [batch, 1], [batch, classes] or, for a chosen element, binary cross-entropy and squared error, more axes. */
  readonly output: string
  /** Without one, the objective is the chosen output element; beyond [batch, classes] the class is on axis 1 and the axes behind it are summed. */
  readonly loss?: Loss
  /**
   * What the output holds; default `logits`. Probabilities are first turned back into logits, log p, or log p − log(1 − p) where
   * each column is an answer of its own (one column, binary cross-entropy); p is held to p ≥ 1e-12 and p ≤ 1 − 1e-7 inside the logarithms, and
   * beyond those bounds their gradient is 0. A chosen element and the squared error take the output as it is.
   */
  readonly on?: 'logits' | 'probabilities'
}

/** The graph input that carries the target: int64 [batch], a class per row; for binary cross-entropy and squared error floats of the output's shape. */
export type TargetInput = { readonly name: string; readonly dtype: DType }

const SMALLEST = 1e-12
const LARGEST = 1 - 1e-7
/** Keeps DLR finite where its three largest logits are equal; the value is that of the authors' code. */
const DLR_EPSILON = 1e-12

/** Losses whose target is a class. */
type ClassLoss = Exclude<Loss, 'binary-cross-entropy' | 'mse'>

/** Adds the objective to the emitter's graph: its value per row, [batch], and the target it reads, if any. */
export function emitObjective(e: Emitter, { output, loss, on = 'logits' }: ObjectiveSpec): { value: string; target: TargetInput | null; batch: Dim; dtype: DType } {
  const type = e.type(output)
  if (type !== null && !isFloat(type.dtype)) throw new ProbityError('objective/output', `The objective needs a float output; "${output}" is ${type.dtype}. Name the output with logits, probabilities or a score.`)
  const dims = e.dims(output)
  if (dims === null || dims.length === 0) {
    const axes = dims === null ? 'an unknown number of axes' : 'no axes'
    throw new ProbityError('objective/output', `The objective needs a value per row; "${output}" has ${axes}. Name an output of shape [batch] or [batch, classes].`)
  }
  const narrow = e.dtype(output) === 'float16' || e.dtype(output) === 'bfloat16'
  const z = narrow ? e.describe(e.cast(output, 'float32'), { kind: 'tensor', dtype: 'float32', dims }) : output
  const dtype = e.dtype(z)
  const done = (value: string, target: TargetInput | null) => ({ value, target, batch: dims[0], dtype })

  const behindRows = e.ints(dims.map((_, axis) => axis).slice(1))
  if (loss === 'mse') {
    const target = addTarget(e, dtype, dims)
    const difference = e.sub(z, target.name)
    const squares = e.mul(difference, difference) // shape of the output
    return done(dims.length === 1 ? squares : e.emit('ReduceMean', [squares, behindRows], { keepdims: 0 }), target)
  }
  if (loss === 'binary-cross-entropy') {
    const target = addTarget(e, dtype, dims)
    const terms = binaryCrossEntropy(e, on === 'probabilities' ? e.sub(logOf(e, z), logOfRest(e, z)) : z, target.name, e.scalar(1, z)) // shape of the output
    return done(dims.length === 1 ? terms : e.emit('ReduceSum', [terms, behindRows], { keepdims: 0 }), target)
  }
  const oneColumn = dims.length === 1 || (dims.length === 2 && dims[1] === 1)
  if (loss === undefined && oneColumn) return done(dims.length === 1 ? z : e.emit('Squeeze', [z, e.ints([1])]), null)
  const target = addTarget(e, 'int64', [dims[0]])
  const column = e.emit('Unsqueeze', [target.name, e.ints([1])]) // [batch, 1]
  if (loss === undefined) {
    const classes = dims.length === 2 ? z : e.emit('ReduceSum', [z, e.ints(dims.map((_, axis) => axis).slice(2))], { keepdims: 0 })
    return done(pick(e, classes, column), target)
  }
  if (dims.length > 2) throw new ProbityError('objective/output', `The loss ${loss} needs an output of shape [batch, classes]; "${output}" has ${dims.length} axes. Name another output, or leave the loss out.`)
  const logits = on === 'probabilities' ? logitsOf(e, z, dims) : z
  return done(classLoss(e, loss, twoColumns(e, logits, dims), column, z), target)
}

function addTarget(e: Emitter, dtype: DType, dims: Dims): TargetInput {
  const name = e.builder.fresh('target')
  e.builder.input({ name, type: { kind: 'tensor', dtype, dims } })
  e.describe(name, { kind: 'tensor', dtype, dims })
  return { name, dtype }
}

/** logits [batch, classes], target column int64 [batch, 1] → [batch] */
function classLoss(e: Emitter, loss: ClassLoss, logits: string, column: string, like: string): string {
  if (loss === 'cross-entropy') return e.neg(pick(e, e.emit('LogSoftmax', [logits], { axis: 1 }), column))
  const classes = e.emit('Squeeze', [e.emit('Shape', [logits], { start: 1, end: 2 })])
  const range = e.emit('Range', [e.constant(0, 'int64'), classes, e.constant(1, 'int64')]) // [classes]
  const others = e.emit('Where', [e.emit('Equal', [range, column]), e.scalar(-Infinity, like), logits]) // [batch, classes], −∞ at the target
  const own = pick(e, logits, column)
  if (loss === 'margin' || loss === 'dlr') {
    const margin = e.sub(e.emit('ReduceMax', [others, e.ints([1])], { keepdims: 0 }), own)
    return loss === 'margin' ? margin : overSpread(e, margin, logits)
  }
  return e.sub(own, e.emit('ReduceLogSumExp', [others, e.ints([1])], { keepdims: 0 }))
}

/** margin / (z_π1 − z_π3), with the logits in descending order; the margin itself where there are fewer than three classes. */
function overSpread(e: Emitter, margin: string, logits: string): string {
  const classes = e.size(logits, 1)
  if (typeof classes === 'number' && classes < 3) return margin
  const most = e.emit('Min', [e.sizeOf(logits, 1), e.ints([3])])
  const order = e.emitMany('TopK', [logits, most], 2, { axis: 1 })[1]
  const largest = e.emit('GatherElements', [logits, order], { axis: 1 }) // [batch, 3], or [batch, 2] of two classes
  const [first, last] = [0, -1].map((at) => e.emit('Gather', [largest, e.constant(at, 'int64')], { axis: 1 })) // [batch]
  const spread = e.add(e.sub(first, last), e.scalar(DLR_EPSILON, logits))
  if (typeof classes === 'number') return e.div(margin, spread)
  return e.div(margin, e.emit('Where', [e.emit('Equal', [most, e.ints([3])]), spread, e.scalar(1, logits)]))
}

/** [batch, classes] and int64 [batch, 1] → [batch] */
const pick = (e: Emitter, values: string, column: string): string => e.emit('Squeeze', [e.emit('GatherElements', [values, column], { axis: 1 }), e.ints([1])])

/** One column z stands for the logits [0, z]. Whether there is one column may show only when the graph runs. */
function twoColumns(e: Emitter, z: string, dims: Dims): string {
  if (dims.length === 1) return e.emit('Pad', [e.emit('Unsqueeze', [z, e.ints([1])]), e.ints([0, 1, 0, 0])])
  if (dims[1] === 1) return e.emit('Pad', [z, e.ints([0, 1, 0, 0])])
  if (typeof dims[1] === 'number') return z
  return e.emit('Pad', [z, e.joinInts([0, e.cast(isOneColumn(e, z), 'int64'), 0, 0])])
}

/** Several columns: log p. One column: log p − log(1 − p). */
function logitsOf(e: Emitter, p: string, dims: Dims): string {
  if (dims.length === 2 && typeof dims[1] === 'number' && dims[1] !== 1) return logOf(e, p)
  if (dims.length === 1 || dims[1] === 1) return e.sub(logOf(e, p), logOfRest(e, p))
  return e.sub(logOf(e, p), e.mul(e.cast(isOneColumn(e, p), e.dtype(p)), logOfRest(e, p)))
}

const logOf = (e: Emitter, p: string): string => e.emit('Log', [e.emit('Clip', [p, e.scalar(SMALLEST, p)])])
const logOfRest = (e: Emitter, p: string): string => e.emit('Log', [e.sub(e.scalar(1, p), e.emit('Clip', [p, e.scalar(SMALLEST, p), e.scalar(LARGEST, p)]))])

/** bool [1] */
const isOneColumn = (e: Emitter, values: string): string => e.emit('Equal', [e.emit('Shape', [values], { start: 1, end: 2 }), e.ints([1])])

/** t·softplus(−z) + (1 − t)·softplus(z), which is −t·log σ(z) − (1 − t)·log(1 − σ(z)) without cancellation. */
function binaryCrossEntropy(e: Emitter, z: string, t: string, one: string): string {
  return e.add(e.mul(t, e.emit('Softplus', [e.neg(z)])), e.mul(e.sub(one, t), e.emit('Softplus', [z])))
}
