/** @file Attributions: integrated gradients of the log-odds of one class, refined row by row, averaged over reference rows. */
import { predictions, type Attributions, type AttributionParameters, type Predictions } from '../../contracts/artifact.js'
import type { ArrayColumn, DatasetView, InputPlan } from '../../contracts/dataset.js'
import { ProbityError } from '../../contracts/errors.js'
import { indexOfLabel } from '../../contracts/labels.js'
import type { Tensor, Tensors } from '../../contracts/tensor.js'
import { fillInputs, isArrayPlan, type ArrayPlan } from '../../data/index.js'
import { attributionsWithTolerance } from '../../explain/index.js'
import { sizeOf } from '../../tensor/dtypes.js'
import { randomStream, sampleRows } from '../../tensor/random.js'
import type { ArtifactGatherer, GatherContext, Json, Part } from '../kind.js'
import { baselineFeeds, chooseBaseline, meanBaseline, type Baseline, type Explained } from './baselines.js'
import { cellsOf } from './array-cells.js'
import { completeRows, floatInputs, rowsWithin, sourceColumns } from './model-inputs.js'

const MAX_STEPS = 2048
const BLOCK_ROWS = 128
/** Attributions of a block are doubles, beside the references: 32 rows of them at once. */
const BLOCK_ELEMENTS = 2 ** 22
/** Points per run of the model, where it has no paths of its own. */
const POINTS = 1024
const POINT_ELEMENTS = 2 ** 24
const DEFAULT_ROWS = 500
const DEFAULT_STEPS = 32
/** A gradient costs about three forward passes, and some rows are refined. */
const PASSES_PER_STEP = 6

/** Everything the result depends on, besides model, data, rows and seed. */
type Concrete = {
  /** F = sign · log-odds of this output class. */
  readonly classIndex: number
  readonly sign: 1 | -1
  readonly baseline: Baseline
  readonly second: Baseline | null
  readonly steps: number
  /** Sample standard deviation of F over the data. */
  readonly standardDeviation: number
}

export const attributionsGatherer: ArtifactGatherer<'attributions', { predictions: ReturnType<typeof predictions> }> = {
  kind: 'attributions',
  dependsOn: () => ({ predictions: predictions() }),

  plan(parameters, { predictions: predicted }, context) {
    const { view, model, inputs, seed, blockRows } = context
    if (!model) return { unavailable: 'needs a model; this audit has stored predictions only' }
    if (model.prediction.kind === 'score') return { unavailable: "the model gives a score, and log-odds can be read from logits and probabilities only; state model.output.kind if the score is one of these" }
    const explained = explainedClass(parameters, predicted, view)
    if ('unavailable' in explained) return explained
    const complete = completeRows(view)
    const baseline = chooseBaseline(parameters, explained, predicted, context, complete)
    if ('unavailable' in baseline) return baseline
    const concrete: Concrete = {
      classIndex: explained.classIndex,
      sign: explained.sign,
      baseline,
      second: parameters.baseline === 'mean' ? null : meanBaseline(view),
      steps: parameters.steps ?? DEFAULT_STEPS,
      standardDeviation: spreadOfLogOdds(predicted, explained.classIndex, complete),
    }
    return {
      concrete: concrete as unknown as Json,
      rows: sampleRows(complete, parameters.rows ?? DEFAULT_ROWS, randomStream(seed, 'attributions/rows')),
      blockRows: rowsWithin(inputs, Math.min(BLOCK_ROWS, blockRows), BLOCK_ELEMENTS),
      passesPerRow: PASSES_PER_STEP * concrete.steps * ('rows' in baseline ? baseline.rows.length : 1),
    }
  },

  async gather(rows, concrete, context) {
    const { classIndex, sign, baseline, second, steps, standardDeviation } = concrete as unknown as Concrete
    const { model, view, inputs } = context
    const feeds = fillInputs(view, inputs, rows)
    const explain = (reference: Baseline, maximumSteps: number) =>
      attributionsWithTolerance(model, feeds, {
        objective: { loss: 'log-odds', target: classIndex },
        baselines: baselineFeeds(reference, context),
        sd: standardDeviation,
        steps,
        maximumSteps,
        blockRows: rowsWithin(inputs, POINTS, POINT_ELEMENTS),
      })
    const first = await explain(baseline, MAX_STEPS)
    const values = bySourceColumn(first.attributions, context, rows.length, sign)
    const other = second && bySourceColumn((await explain(second, steps)).attributions, context, rows.length, sign)
    const float = (data: Float64Array): Tensor => ({ data, dims: [data.length], dtype: 'float64' })
    return {
      json: { baselineOutput: sign * first.baselineOutput },
      tensors: {
        values: { data: values, dims: [rows.length, values.length / rows.length], dtype: 'float64' },
        gap: float(first.gap.map((gap) => sign * gap)),
        tolerance: float(first.tolerance),
        output: float(first.output.map((output) => sign * output)),
        steps: { data: first.steps, dims: [rows.length], dtype: 'int32' },
        ...sumsOfElements(first.attributions, context, rows.length),
        ...(other && { secondTop: { data: topColumns(other, rows.length), dims: [rows.length], dtype: 'int32' as const } }),
      },
    }
  },

  combine(parts, { rows, concrete }, { predictions: predicted }, { view, model, inputs }) {
    const { classIndex, sign, baseline, second } = concrete as unknown as Concrete
    const name = nameOfClass(predicted, classIndex, view)
    const join = (key: string) => Float64Array.from(parts.flatMap((part) => Array.from(part.tensors[key].data as Float64Array)))
    const joinWhole = (key: string) => Int32Array.from(parts.flatMap((part) => Array.from(part.tensors[key].data as Int32Array)))
    return {
      rows: Int32Array.from(rows),
      columns: sourceColumns(view, floatInputs(inputs)),
      values: join('values'),
      completenessGap: join('gap'),
      tolerance: join('tolerance'),
      steps: joinWhole('steps'),
      output: join('output'),
      baselineOutput: meanOverRows(parts, rows.length),
      baseline: `${baseline.inWords}${heldInWords(view, inputs)}`,
      secondTopColumn: second && joinWhole('secondTop'),
      secondBaseline: second && second.inWords,
      elements: [...new Set(floatInputs(inputs).filter(isArrayPlan).map(({ array: { index } }) => index))].map((index) => importanceOf(parts, view.arrays[index], index, rows.length)),
      explained: sign === 1 ? `log-odds of ${name}` : `log-odds against ${name}`,
      clipped: model?.prediction.kind === 'probabilities' && model.prediction.logits === null,
    } satisfies Attributions
  },
}

const nameOfClass = ({ classes }: Predictions, classIndex: number, { label }: DatasetView): string => `${label?.name ?? 'class'} = ${classes[classIndex]}`

/** With two classes the adverse class is the other one; with more it is "not the favorable one", whose log-odds is minus the favorable one's. */
function explainedClass({ target }: AttributionParameters, predicted: Predictions, view: DatasetView): Explained | { unavailable: string } {
  const { classes } = predicted
  const explain = (classIndex: number, sign: 1 | -1): Explained => ({ classIndex, sign, name: nameOfClass(predicted, classIndex, view) })
  if (target !== undefined) {
    const classIndex = indexOfLabel(classes, String(target))
    if (classIndex < 0) throw new ProbityError('config/target', `target ${target} is not a class of the model. Known: ${classes.join(', ')}.`)
    return explain(classIndex, 1)
  }
  const wanted = view.favorable ?? view.positive
  if (wanted === null) return { unavailable: 'no class to explain: state data.favorable, or the parameter target' }
  const favorable = indexOfLabel(classes, wanted)
  if (favorable < 0) return { unavailable: `the favorable class ${wanted} is not a class of the model` }
  return classes.length === 2 ? explain(1 - favorable, 1) : explain(favorable, -1)
}

/** A part's own is a mean over its rows, whose references differ where inputs are held at each row's own values. */
function meanOverRows(parts: readonly Part[], rows: number): number {
  const outputs = parts.map(({ json, tensors }) => ({ mean: (json as { baselineOutput: number }).baselineOutput, rows: tensors['steps'].dims[0] }))
  return outputs.every(({ mean }) => mean === outputs[0].mean) ? outputs[0].mean : outputs.reduce((sum, part) => sum + part.mean * part.rows, 0) / rows
}

/** Sample standard deviation of log p − log(1 − p), p clipped to what doubles can tell from 0 and 1. */
function spreadOfLogOdds({ probabilities, classes }: Predictions, classIndex: number, rows: readonly number[]): number {
  if (!probabilities || rows.length < 2) return 0
  const outputs = rows.map((row) => {
    const p = Math.min(Math.max(probabilities[row * classes.length + classIndex], 1e-15), 1 - 1e-15)
    return Math.log(p) - Math.log1p(-p)
  })
  const mean = outputs.reduce((sum, output) => sum + output, 0) / outputs.length
  return Math.sqrt(outputs.reduce((sum, output) => sum + (output - mean) ** 2, 0) / (outputs.length - 1))
}

/** Attributions of tensors, added up per source column of the file: [rows, columns]. */
function bySourceColumn(attributions: Tensors, { view, inputs }: GatherContext, rows: number, sign: number): Float64Array {
  const explained = floatInputs(inputs)
  const columns = sourceColumns(view, explained)
  const values = new Float64Array(rows * columns.length)
  for (const plan of explained) {
    const { input, columns: features } = plan
    const target = features.map((feature) => columns.indexOf(view.features[feature].source))
    const own = attributions[input].data as Float64Array // [rows, ...shape]
    if (isArrayPlan(plan)) addCells(values, columns, own, plan, view, rows, sign)
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < features.length; i++) values[row * columns.length + target[i]] += sign * own[row * features.length + i]
    }
  }
  return values
}

function addCells(values: Float64Array, columns: readonly string[], own: Float64Array, plan: ArrayPlan, view: DatasetView, rows: number, sign: number): void {
  const { names, cellOf } = cellsOf(view, plan)
  const first = columns.lastIndexOf(names[0]) // cells follow the columns, whatever these are called
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < cellOf.length; k++) values[row * columns.length + first + cellOf[k]] += sign * own[row * cellOf.length + k]
  }
}

/** Σ |attribution| over the rows of a block, by place in the array: [size] per array. */
function sumsOfElements(attributions: Tensors, { view, inputs }: GatherContext, rows: number): Record<string, Tensor> {
  const sums = new Map<number, Float64Array>()
  for (const plan of floatInputs(inputs).filter(isArrayPlan)) {
    const own = attributions[plan.input].data as Float64Array
    const { source } = cellsOf(view, plan)
    const sum = sums.get(plan.array.index) ?? new Float64Array(source.length)
    for (let row = 0; row < rows; row++) for (let k = 0; k < source.length; k++) sum[source[k]] += Math.abs(own[row * source.length + k])
    sums.set(plan.array.index, sum)
  }
  return Object.fromEntries([...sums].map(([index, data]) => [`elements.${index}`, { data, dims: [data.length], dtype: 'float64' }]))
}

function importanceOf(parts: readonly Part[], { name, shape }: ArrayColumn, index: number, rows: number): Attributions['elements'][number] {
  const importance = new Float64Array(sizeOf(shape))
  for (const { tensors } of parts) (tensors[`elements.${index}`].data as Float64Array).forEach((sum, place) => (importance[place] += sum))
  return { array: name, shape, importance: importance.map((sum) => sum / rows) }
}

function topColumns(values: Float64Array, rows: number): Int32Array {
  const width = values.length / rows
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0
    for (let i = 1; i < width; i++) if (Math.abs(values[row * width + i]) > Math.abs(values[row * width + best])) best = i
    return best
  })
}

function heldInWords(view: DatasetView, inputs: readonly InputPlan[]): string {
  const explained = floatInputs(inputs)
  const held = inputs.filter((input) => !explained.includes(input))
  return held.length === 0 ? '' : `, with ${sourceColumns(view, held).join(', ')} of the ${held.length === 1 ? 'input' : 'inputs'} ${held.map(({ input }) => input).join(', ')} at each row's own values (no gradient leads there)`
}
