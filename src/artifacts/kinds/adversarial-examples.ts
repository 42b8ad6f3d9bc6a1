/** @file Adversarial examples: an attack on rows with labels, within a threat model. */
import { predictions, type AdversarialExamples, type AttackParameters } from '../../contracts/artifact.js'
import type { DatasetView, InputPlan } from '../../contracts/dataset.js'
import { ProbityError } from '../../contracts/errors.js'
import { indexOfLabel } from '../../contracts/labels.js'
import type { Tensor, Tensors } from '../../contracts/tensor.js'
import { defaultStepSize, fgsm, joinInputs, pgd } from '../../attack/index.js'
import { fillInputs, isArrayPlan } from '../../data/index.js'
import { randomStream, sampleRows } from '../../tensor/random.js'
import { decideRows } from '../decision-rule.js'
import type { ArtifactGatherer, Json } from '../kind.js'
import { readAnswers } from '../model-answers.js'
import { arrayRegion, type ArrayRegion } from './array-region.js'
import { completeRows, floatInputs, isTable, rowsWithin } from './model-inputs.js'
import { threatModel, type ThreatModel } from './threat-model.js'

const BLOCK_ROWS = 256
/** Some twenty tensors of doubles are held of a block: a bound of 350 MB. */
const BLOCK_ELEMENTS = 2 ** 21
const DEFAULT_ROWS = 500
const DEFAULT_STEPS = 40
/** A gradient costs about three forward passes. */
const PASSES_PER_STEP = 3
/** Of a product of doubles: 100 steps of 0.29 come to a little less than 29. */
const ROUNDING = 1e-9

/** Everything the result depends on, besides model, data, rows and seed. */
type Concrete = ThreatModel & {
  readonly attack: AttackParameters['attack']
  readonly input: string
  readonly epsilon: number
  readonly steps: number
  readonly stepSize: number
  readonly restarts: number
  readonly randomStart: boolean
  /** Class index of each label category. */
  readonly classOfLabel: readonly number[]
  readonly classes: readonly string[]
  readonly threshold: number | null
}

/** Float inputs as the one that is attacked: itself, or the columns of several tables side by side; null where they are no tables of one scale. */
function joinedPlan(floats: readonly InputPlan[]): InputPlan | null {
  const [first] = floats
  if (floats.length === 1) return first
  if (!isTable(floats) || floats.some(({ scale }) => scale !== first.scale)) return null
  const columns = floats.flatMap((plan) => plan.columns)
  return { input: floats.map(({ input }) => input).join('+'), columns, shape: [columns.length], scale: first.scale }
}

export const adversarialExamplesGatherer: ArtifactGatherer<'adversarial-examples', { predictions: ReturnType<typeof predictions> }> = {
  kind: 'adversarial-examples',
  dependsOn: () => ({ predictions: predictions() }),

  plan(parameters, { predictions: predicted }, { view, model, inputs, decision, seed, blockRows }) {
    if (!model) return { unavailable: 'needs a model; this audit has stored predictions only' }
    if (!view.label) return { unavailable: 'needs labels' }
    const floats = floatInputs(inputs)
    if (floats.length === 0) return { unavailable: 'attacks change floats, and no input of the model holds any' }
    const attacked = joinedPlan(floats)
    if (attacked === null) return { unavailable: `attacks move several float inputs together where each is a table in the same scale, which ${floats.map(({ input }) => input).slice(0, 5).join(', ')} are not` }
    const { label } = view
    const classOfLabel = label.categories.map((category) => indexOfLabel(predicted.classes, category))
    const threat = threatModel(parameters, view, attacked)
    const steps = parameters.attack === 'fgsm' ? 1 : parameters.steps ?? DEFAULT_STEPS
    const concrete: Concrete = {
      ...threat,
      attack: parameters.attack,
      input: attacked.input,
      epsilon: parameters.epsilon,
      steps,
      stepSize: parameters.attack === 'fgsm' ? parameters.epsilon : parameters.stepSize ?? defaultStepSize(parameters.epsilon, steps),
      restarts: parameters.attack === 'fgsm' ? 1 : parameters.restarts ?? 1,
      randomStart: parameters.attack === 'fgsm' ? false : parameters.randomStart ?? true,
      classOfLabel,
      classes: predicted.classes,
      threshold: decision.threshold,
    }
    if (concrete.stepSize * steps < concrete.epsilon * (1 - ROUNDING)) {
      throw new ProbityError('config/step-size', `steps × stepSize is ${concrete.stepSize * steps}, less than epsilon ${concrete.epsilon}: the attack could not reach the edge of what it may change. Raise steps or stepSize.`)
    }
    const usable = completeRows(view).filter((row) => (classOfLabel[label.codes[row]] ?? -1) >= 0)
    const moves = isArrayPlan(attacked) ? !concrete.frozen.some(({ column }) => column === view.arrays[attacked.array.index].name) : concrete.scale.some((scale) => scale !== 0)
    if (!moves) return { unavailable: `no column may change: ${concrete.frozen.map(({ column, reason }) => `${column} (${reason})`).slice(0, 8).join(', ')}. Name columns under mutable to attack them` }
    return {
      concrete: concrete as unknown as Json,
      rows: sampleRows(usable, parameters.rows ?? DEFAULT_ROWS, randomStream(seed, 'adversarial-examples/rows')),
      blockRows: rowsWithin(inputs, Math.min(BLOCK_ROWS, blockRows), BLOCK_ELEMENTS),
      passesPerRow: PASSES_PER_STEP * steps * concrete.restarts,
    }
  },

  async gather(rows, json, { model, view, inputs, seed }) {
    const concrete = json as unknown as Concrete
    const floats = floatInputs(inputs)
    const plan = joinedPlan(floats)!
    const joined = floats.length > 1 ? joinInputs(model, floats.map(({ input }) => input)) : null
    const { low, high, scale } = regionOf(concrete, view, plan)
    const oneRow = (data: Float64Array): Tensor => ({ data, dims: [1, ...plan.shape], dtype: 'float64' })
    const target = rows.map((row) => concrete.classOfLabel[view.label?.codes[row] ?? -1])
    const { steps, stepSize, restarts, randomStart, classes, threshold } = concrete
    const options = {
      target, seed,
      epsilon: concrete.epsilon,
      bounds: { low: oneRow(low), high: oneRow(high) },
      scale: oneRow(scale),
      mask: oneRow(scale.map((size) => (size > 0 ? 1 : 0))),
      rowNumbers: rows,
      input: joined?.input ?? plan.input,
      // The rule of the audit, so that "right before the attack" means what the report's accuracy means.
      classify: (outputs: Tensors, count: number) => decideRows(readAnswers(model.prediction, outputs, count), model.prediction, classes, { positive: view.positive, threshold }),
    }
    const feeds = fillInputs(view, inputs, rows)
    const [attackedModel, given] = joined ? [joined.model, joined.join(feeds)] : [model, feeds]
    const result = concrete.attack === 'fgsm' ? await fgsm(attackedModel, given, options) : await pgd(attackedModel, given, { ...options, steps, stepSize, restarts, randomStart })
    const right = rows.flatMap((_, i) => (result.cleanPredicted[i] === target[i] ? [i] : []))
    return {
      json: { zeroGradientRows: right.filter((i) => result.zeroGradient[i] === 1).length, cleanRight: right.length },
      tensors: {
        clean: { data: result.cleanPredicted, dims: [rows.length], dtype: 'int32' },
        adversarial: { data: result.adversarialPredicted, dims: [rows.length], dtype: 'int32' },
        distance: { data: result.distance, dims: [rows.length], dtype: 'float64' },
      },
    }
  },

  combine(parts, { rows, concrete: json }, { predictions: predicted }, { view, inputs }) {
    const { epsilon, unit, steps, restarts, bounds, frozen } = json as unknown as Concrete
    const joined = (key: string) => Int32Array.from(parts.flatMap((part) => Array.from(part.tensors[key].data as Int32Array)))
    const counts = parts.map((part) => part.json as { zeroGradientRows: number; cleanRight: number })
    const sum = (key: 'zeroGradientRows' | 'cleanRight') => counts.reduce((total, count) => total + count[key], 0)
    const frozenColumns = new Set(frozen.map(({ column }) => column))
    return {
      rows: Int32Array.from(rows),
      classes: predicted.classes,
      cleanPredicted: joined('clean'),
      adversarialPredicted: joined('adversarial'),
      distance: Float64Array.from(parts.flatMap((part) => Array.from(part.tensors['distance'].data as Float64Array))),
      zeroGradientShare: sum('cleanRight') === 0 ? 0 : sum('zeroGradientRows') / sum('cleanRight'),
      epsilon, unit, steps, restarts, bounds,
      input: isTable(floatInputs(inputs)) ? 'table' : 'tensor',
      mutableColumns: [...view.arrays, ...view.features].map(({ name }) => name).filter((name) => !frozenColumns.has(name)),
      frozenColumns: frozen,
    } satisfies AdversarialExamples
  },
}

/** Per element of the attacked input: from the lists per feature, or from what was observed of an array. */
function regionOf({ unit, arrayBounds, low, high, scale }: Concrete, view: DatasetView, plan: InputPlan): ArrayRegion {
  if (isArrayPlan(plan)) return arrayRegion(unit, arrayBounds, view, plan)
  const perElement = (perFeature: readonly number[]): Float64Array => Float64Array.from(plan.columns, (column) => perFeature[column])
  return { low: perElement(low), high: perElement(high), scale: perElement(scale) }
}
