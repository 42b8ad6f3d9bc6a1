/**
 * @file Every run on a GPU is checked against the CPU: a seeded sample of the rows that were asked for is computed again on the CPU provider.
 * A decorator of the model, so that whatever uses it (audits, attacks, explanations, callers of the API) is checked without knowing.
 */
import type { Model } from '../contracts/model.js'
import { ProbityError } from '../contracts/errors.js'
import type { Objective } from '../contracts/objective.js'
import type { Feeds, Tensors } from '../contracts/tensor.js'
import { isFloat } from '../tensor/dtypes.js'
import { randomStream, sampleRows } from '../tensor/random.js'
import { takeRows } from '../tensor/rows.js'
import { fromNumbers, toNumbers } from '../tensor/tensor.js'
import { answersOf, differenceOf, scalesOf, type RowAnswers, type RowDifference } from './device-difference.js'
import { checkFeeds } from './feeds.js'
import type { DeviceLog, LoadedModel } from './options.js'

/**
 * Relative to the largest magnitude of the answer among the rows compared. Kernels that sum in another order move float32 by about 1e-6 per layer and deep
 * networks by up to 1e-4; a kernel that is wrong is off by far more than a thousandth. Sixteen-bit floats keep three digits, and their gradients two.
 */
export const TOLERANCES = { float32: 1e-3, float16: 5e-2 } as const
export type Precision = keyof typeof TOLERANCES

/** Rows of the first call of a kind, which is often the only one, and of later ones. */
const FIRST_ROWS = 8
const LATER_ROWS = 2
/** How far inputs are moved to see whether an answer hangs on rounding: a few float32 steps of the input's largest magnitude. */
const ROUNDING_OF_INPUTS = 2 ** -20
/** How much more than that rounding inside the network may do. */
const AMPLIFICATION = 10
/** Rounding in a loss's derivative, p − 1 for a row that is already certain, in units of the gradient of the logit itself. */
const ROUNDING_OF_LOSS = 2 ** -18

type Kind = 'predictions' | 'gradients'
/** What was asked; `starts` of paths beside their ends. */
type Question = { readonly feeds: Feeds; readonly starts?: Feeds; readonly objective: Objective }
type Call = {
  readonly kind: Kind
  readonly question: Question
  readonly answer: (model: LoadedModel, question: Question) => Promise<Tensors>
  readonly axisOf: (name: string) => number | null
  /** What a gradient of magnitude 1 everywhere would make of the answer: the weights' sum on paths. */
  readonly weight: number
}
type Tally = { rows: number; unsettled: number; largest: number }

/**
 * @param openReference opens the same model on the CPU, when first needed
 * @returns the same model, whose answers throw `engine/device-mismatch` where the CPU contradicts them
 */
export function checkedAgainst(model: LoadedModel, openReference: () => Promise<LoadedModel>, precision: Precision): LoadedModel & { readonly deviceLog: DeviceLog } {
  const tolerance = TOLERANCES[precision]
  let reference: Promise<LoadedModel> | null = null
  let seed = 0
  let purpose = ''
  let calls: Record<Kind, number> = { predictions: 0, gradients: 0 }
  let tallies: Record<Kind, Tally | null> = { predictions: null, gradients: null }

  const checked = async (call: Call): Promise<Tensors> => {
    const answer = await call.answer(model, call.question)
    const number = ++calls[call.kind]
    // The first calls and ever fewer of the later ones: a hundred steps of an attack cost seven small runs on the CPU.
    if ((number & (number - 1)) === 0) {
      const tally = (tallies[call.kind] ??= { rows: 0, unsettled: 0, largest: 0 })
      await verify(call, answer, number, tally)
    }
    return answer
  }

  async function verify(call: Call, answer: Tensors, number: number, tally: Tally): Promise<void> {
    const { rows } = checkFeeds(call.question.feeds, model.inputs)
    if (rows === 0) return
    const taken = rows === null ? [0] : sampleRows(Array.from({ length: rows }, (_, row) => row), number === 1 ? FIRST_ROWS : LATER_ROWS, randomStream(seed, `device-check/${purpose}/${call.kind}/${number}`))
    const cpu = await (reference ??= openReference())
    const question = rows === null ? call.question : rowsOfQuestion(call.question, model, rows, taken)
    const everything = taken.map((_, i) => i)
    const actual = answersOf(answer, call.axisOf, rows, taken)
    const expected = answersOf(await call.answer(cpu, question), call.axisOf, rows === null ? null : taken.length, everything)
    const scales = scalesOf(expected)
    const differences = everything.map((index) => differenceOf(actual, expected, scales, index))
    const doubtful = everything.filter((index) => !(differences[index].relative <= tolerance))
    tally.rows += taken.length
    for (const { relative } of differences) if (relative <= tolerance) tally.largest = Math.max(tally.largest, relative)
    if (doubtful.length === 0) return
    const allowed = await roundingOf(call, question, cpu, expected, taken.length, everything)
    const settled = doubtful.filter((index) => !within(differences[index], allowed[index], scales, tolerance))
    tally.unsettled += doubtful.length - settled.length
    if (settled.length > 0) await confirm(call, answer, cpu, rows, taken, tally)
  }

  /** Rows that influence each other, and what belongs to all rows, can only be compared as a whole; the rest was wrong. */
  async function confirm(call: Call, answer: Tensors, cpu: LoadedModel, rows: number | null, taken: readonly number[], tally: Tally): Promise<void> {
    const actual = answersOf(answer, call.axisOf, rows, taken)
    const expected = answersOf(await call.answer(cpu, call.question), call.axisOf, rows, taken)
    const scales = scalesOf(expected)
    const worst = taken.reduce((most, _, index) => Math.max(most, differenceOf(actual, expected, scales, index).relative), 0)
    if (worst <= tolerance) {
      tally.largest = Math.max(tally.largest, worst)
      return
    }
    const { name, provider } = model.engine
    const size = Number.isFinite(worst) ? `by ${worst.toPrecision(2)} of their largest magnitude` : 'beyond measure'
    throw new ProbityError('engine/device-mismatch', `${name} on ${provider} gives ${call.kind} that differ from the CPU's ${size}; at most ${tolerance} is rounding. Its result cannot be trusted: use --device cpu, or update the driver.`)
  }

  const perInput = new Map(model.inputs.map(({ name, batchAxis }) => [name, batchAxis]))
  const perOutput = new Map(model.outputs.map(({ name, batchAxis }) => [name, batchAxis]))
  const gradientAxis = (name: string) => (perInput.has(name) ? perInput.get(name)! : 0)
  const only = (name: string, tensors: Tensors) => tensors[name]
  const { pathGradient } = model
  return {
    inputs: model.inputs, outputs: model.outputs, prediction: model.prediction, engine: model.engine, fixedBatch: model.fixedBatch, metadata: model.metadata,
    format: model.format, producer: model.producer, opset: model.opset,
    get capabilities() {
      return model.capabilities
    },
    get fallbacks() {
      return model.fallbacks ?? []
    },
    predict: (feeds) => checked({ kind: 'predictions', question: { feeds, objective: {} }, answer: (one, asked) => one.predict(asked.feeds), axisOf: (name) => perOutput.get(name) ?? null, weight: 0 }),
    evaluate: async (feeds, objective = {}) => only('objective', await checked({
      kind: 'predictions', question: { feeds, objective }, answer: async (one, asked) => ({ objective: await one.evaluate(asked.feeds, asked.objective) }), axisOf: () => 0, weight: 0,
    })),
    gradient: (feeds, objective = {}, options = {}) => checked({
      kind: 'gradients', question: { feeds, objective }, answer: (one, asked) => one.gradient(asked.feeds, asked.objective, options), axisOf: gradientAxis, weight: 1,
    }),
    ...(pathGradient && {
      pathGradient: (paths, objective = {}) => checked({
        kind: 'gradients',
        question: { feeds: paths.ends, starts: paths.starts, objective },
        answer: (one, asked) => one.pathGradient!({ ...paths, ends: asked.feeds, starts: asked.starts! }, asked.objective),
        axisOf: gradientAxis,
        weight: paths.weights.reduce((sum, weight) => sum + Math.abs(weight), 0),
      }),
    }),
    ...(model.exportGradient && { exportGradient: (objective, options) => model.exportGradient!(objective, options) }),
    ...(model.gradientObstacles && { gradientObstacles: (objective, options) => model.gradientObstacles!(objective, options) }),
    deviceLog: {
      start(newSeed, newPurpose) {
        seed = newSeed
        purpose = newPurpose
        calls = { predictions: 0, gradients: 0 }
        tallies = { predictions: null, gradients: null }
      },
      record: () => ({ check: { ...tallies, tolerance }, fallbacks: model.fallbacks ?? [] }),
    },
    async dispose() {
      await model.dispose()
      await reference?.then((one) => one.dispose(), () => undefined)
    },
  }
}

/** Whether rounding explains a row's difference. */
function within({ absolute }: RowDifference, allowed: ReadonlyMap<string, number>, scales: ReadonlyMap<string, number>, tolerance: number): boolean {
  return Array.from(absolute).every(([name, distance]) => distance <= tolerance * scales.get(name)! + allowed.get(name)!)
}

/**
 * What rounding may do to each row's answers, found on the CPU alone: by moving the inputs a few roundings, which shows kinks and near ties, and, for gradients, from
 * the gradient of the logit, in whose units a loss that is nearly flat is rounded.
 */
async function roundingOf(call: Call, question: Question, cpu: LoadedModel, expected: RowAnswers, rows: number, all: readonly number[]): Promise<ReadonlyMap<string, number>[]> {
  const moved = answersOf(await call.answer(cpu, movedQuestion(question, cpu)), call.axisOf, rows, all)
  const scales = scalesOf(expected)
  const flat = call.kind === 'gradients' ? await logitGradients(call, question, cpu, expected, rows, all) : null
  return all.map((index) => {
    const { absolute } = differenceOf(moved, expected, scales, index)
    return new Map(Array.from(absolute, ([name, distance]) => [name, AMPLIFICATION * distance + ROUNDING_OF_LOSS * call.weight * (flat?.get(name)?.[index] ?? 0)]))
  })
}

/** Per value and row, the largest magnitude of the gradient of the target's logit; null for objectives that are no class. */
async function logitGradients(call: Call, { feeds, objective }: Question, cpu: LoadedModel, expected: RowAnswers, rows: number, all: readonly number[]): Promise<Map<string, number[]> | null> {
  const { loss, target } = objective
  if (loss === 'binary-cross-entropy' || loss === 'mse') return null
  const output = cpu.prediction.logits ?? objective.output ?? cpu.prediction.output
  if (output === null) return null
  // On one column the losses speak of two classes, and the element is the only one.
  const plain: Objective = { output, ...(target !== undefined && cpu.prediction.columns !== 1 && { target }) }
  const gradients = answersOf(await cpu.gradient(feeds, plain, { withRespectTo: [...expected.keys()] }), call.axisOf, rows, all)
  return new Map(Array.from(gradients, ([name, perRow]) => [name, perRow.map((values) => (values as Float64Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0))]))
}

function rowsOfQuestion({ feeds, starts, objective }: Question, model: Model, rows: number, taken: readonly number[]): Question {
  const cut = (some: Feeds): Feeds => {
    const { tensors } = checkFeeds(some, model.inputs.filter(({ name }) => Object.hasOwn(some, name)))
    return Object.fromEntries(model.inputs.flatMap(({ name, batchAxis }) => (tensors.has(name) ? [[name, batchAxis === null ? tensors.get(name)! : takeRows(tensors.get(name)!, taken, batchAxis)]] : [])))
  }
  const { target } = objective
  if (target === undefined || typeof target === 'number') return { feeds: cut(feeds), ...(starts && { starts: cut(starts) }), objective }
  // Targets of squared error and of binary cross-entropy have several values to a row.
  const perRow = target.length / rows
  const some = taken.flatMap((row) => Array.from({ length: perRow }, (_, i) => Number(target[row * perRow + i])))
  return { feeds: cut(feeds), ...(starts && { starts: cut(starts) }), objective: { ...objective, target: some } }
}

function movedQuestion({ feeds, starts, objective }: Question, { inputs }: Model): Question {
  const move = (some: Feeds): Feeds => {
    const { tensors } = checkFeeds(some, inputs.filter(({ name }) => Object.hasOwn(some, name)))
    return Object.fromEntries(Array.from(tensors, ([name, tensor]) => {
      if (!isFloat(tensor.dtype)) return [name, tensor]
      const values = toNumbers(tensor)
      const step = ROUNDING_OF_INPUTS * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const random = randomStream(0, `device-check/move/${name}`)
      return [name, fromNumbers(values.map((value, i) => value + (random(i, 0) < 0.5 ? -step : step)), tensor.dims, tensor.dtype)]
    }))
  }
  return { feeds: move(feeds), ...(starts && { starts: move(starts) }), objective }
}
