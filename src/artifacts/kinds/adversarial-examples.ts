/** @file Adversarial examples: an attack with a threat model, made from what was observed in the data. */
import { predictions, type AdversarialExamples, type AttackParameters, type EpsilonUnit } from '../../contracts/artifact.js'
import type { DatasetView, Feature, InputPlan } from '../../contracts/dataset.js'
import { ProbityError } from '../../contracts/errors.js'
import { indexOfLabel } from '../../contracts/labels.js'
import { nearest } from '../../contracts/near-names.js'
import type { Tensor, Tensors } from '../../contracts/tensor.js'
import { defaultStepSize, fgsm, pgd } from '../../attack/index.js'
import { featureStatistics, fillInputs, type FeatureStatistics } from '../../data/index.js'
import { randomStream, sampleRows } from '../../tensor/random.js'
import { decideRows } from '../decision-rule.js'
import type { ArtifactGatherer, Json } from '../kind.js'
import { readAnswers } from '../model-answers.js'
import { completeRows, floatInputs, isTable } from './model-inputs.js'

const BLOCK_ROWS = 256
const DEFAULT_ROWS = 500
const DEFAULT_STEPS = 40
/** A gradient costs about three forward passes. */
const PASSES_PER_STEP = 3

/** Everything the result depends on, besides model, data, rows and seed. Per-feature lists are in units of the model's input. */
type Concrete = {
  readonly attack: AttackParameters['attack']
  readonly input: string
  readonly epsilon: number
  readonly unit: EpsilonUnit
  /** [features] what one unit of epsilon is; 0 for what may not change. */
  readonly scale: readonly number[]
  /** [features] */
  readonly low: readonly number[]
  readonly high: readonly number[]
  readonly steps: number
  readonly stepSize: number
  readonly restarts: number
  readonly randomStart: boolean
  /** Class index of each label category. */
  readonly classOfLabel: readonly number[]
  readonly classes: readonly string[]
  readonly threshold: number | null
  readonly frozen: readonly { readonly column: string; readonly reason: string }[]
  readonly bounds: string
}

export const adversarialExamplesGatherer: ArtifactGatherer<'adversarial-examples', { predictions: ReturnType<typeof predictions> }> = {
  kind: 'adversarial-examples',
  dependsOn: () => ({ predictions: predictions() }),

  plan(parameters, { predictions: predicted }, { view, model, inputs, decision, seed, blockRows }) {
    if (!model) return { unavailable: 'needs a model; this audit has stored predictions only' }
    if (!view.label) return { unavailable: 'needs labels' }
    const floats = floatInputs(inputs)
    if (floats.length !== 1) return { unavailable: `attacks change one float input, and the model has ${floats.length} (${floats.map(({ input }) => input).slice(0, 5).join(', ') || 'none'})` }
    const [attacked] = floats
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
    if (concrete.stepSize * steps < concrete.epsilon) {
      throw new ProbityError('config/step-size', `steps × stepSize is ${concrete.stepSize * steps}, less than epsilon ${concrete.epsilon}: the attack could not reach the edge of what it may change. Raise steps or stepSize.`)
    }
    const usable = completeRows(view).filter((row) => (classOfLabel[label.codes[row]] ?? -1) >= 0)
    if (concrete.scale.every((scale) => scale === 0)) return { unavailable: `no column may change: ${concrete.frozen.map(({ column, reason }) => `${column} (${reason})`).slice(0, 8).join(', ')}. Name columns under mutable to attack them` }
    return {
      concrete: concrete as unknown as Json,
      rows: sampleRows(usable, parameters.rows ?? DEFAULT_ROWS, randomStream(seed, 'adversarial-examples/rows')),
      blockRows: Math.min(BLOCK_ROWS, blockRows),
      passesPerRow: PASSES_PER_STEP * steps * concrete.restarts,
    }
  },

  async gather(rows, json, { model, view, inputs, seed }) {
    const concrete = json as unknown as Concrete
    const [plan] = floatInputs(inputs)
    const perElement = (perFeature: readonly number[]): Tensor => ({ data: Float64Array.from(plan.columns, (column) => perFeature[column]), dims: [1, ...plan.shape], dtype: 'float64' })
    const target = rows.map((row) => concrete.classOfLabel[view.label?.codes[row] ?? -1])
    const { steps, stepSize, restarts, randomStart, classes, threshold } = concrete
    const options = {
      target, seed,
      epsilon: concrete.epsilon,
      bounds: { low: perElement(concrete.low), high: perElement(concrete.high) },
      scale: perElement(concrete.scale),
      mask: perElement(concrete.scale.map((scale) => (scale > 0 ? 1 : 0))),
      rowNumbers: rows,
      input: concrete.input,
      // The rule of the audit, so that "right before the attack" means what the report's accuracy means.
      classify: (outputs: Tensors, count: number) => decideRows(readAnswers(model.prediction, outputs, count), model.prediction, classes, { positive: view.positive, threshold }),
    }
    const feeds = fillInputs(view, inputs, rows)
    const result = concrete.attack === 'fgsm' ? await fgsm(model, feeds, options) : await pgd(model, feeds, { ...options, steps, stepSize, restarts, randomStart })
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
      mutableColumns: view.features.map(({ name }) => name).filter((name) => !frozenColumns.has(name)),
      frozenColumns: frozen,
    } satisfies AdversarialExamples
  },
}

type ThreatModel = Pick<Concrete, 'unit' | 'scale' | 'low' | 'high' | 'frozen' | 'bounds'>

/**
 * What may change, by how much one unit of epsilon is, and how far values may go. Tables: per column, with sensitive, binary, one-hot and integer
 * columns frozen unless the config names them as mutable. Tensors such as images: every value alike.
 */
function threatModel({ unit, bounds = 'observed', mutable }: AttackParameters, view: DatasetView, plan: InputPlan): ThreatModel {
  const table = isTable([plan])
  const { features } = view
  const statistics = featureStatistics(view)
  checkNames([...(mutable ?? []), ...(typeof bounds === 'object' && !isPair(bounds) ? Object.keys(bounds) : [])], features)
  const frozen = features.flatMap((feature, i) => {
    const reason = !plan.columns.includes(i) ? 'feeds an input that holds no floats' : mutable ? (mutable.includes(feature.source) || mutable.includes(feature.name) ? null : 'not declared mutable') : table ? frozenReason(feature, view) : null
    return reason === null ? [] : [{ column: feature.name, reason }]
  })
  const isFrozen = new Set(frozen.map(({ column }) => column))
  const chosen = unit ?? (table ? 'sd' : 'raw')
  const changing = features.filter(({ name }, i) => !isFrozen.has(name) && plan.columns.includes(i))
  if (table && chosen === 'raw' && changing.length > 1) {
    throw new ProbityError('config/epsilon', `unit: raw gives ${changing.length} columns of a table one epsilon, whatever each of them measures. Use unit: sd or range, or name one column under mutable.`)
  }
  const scale = features.map(({ name }, i) => (isFrozen.has(name) || !plan.columns.includes(i) ? 0 : unitOf(chosen, statistics, i, plan.scale)))
  const limits = features.map((feature, i) => limitsOf(bounds, feature, statistics, i, plan.scale, table))
  features.forEach(({ name }, i) => {
    if (scale[i] > 0) checkBounds(name, limits[i], [statistics.min[i] * plan.scale, statistics.max[i] * plan.scale])
  })
  return {
    unit: chosen,
    scale,
    low: limits.map(([low]) => low),
    high: limits.map(([, high]) => high),
    frozen,
    bounds: bounds === 'observed' ? (table ? 'observed range of each column' : 'observed range of all values') : isPair(bounds) ? `${bounds[0]} to ${bounds[1]}` : 'per column as configured, else observed',
  }
}

function frozenReason({ source, kind }: Feature, { sensitive }: DatasetView): string | null {
  if (sensitive.some(({ columns }) => columns.includes(source))) return 'sensitive'
  return kind === 'continuous' ? null : kind
}

/** One unit of epsilon of a feature, in units of the model's input. */
function unitOf(unit: EpsilonUnit, { sd, min, max }: FeatureStatistics, i: number, scale: number): number {
  if (unit === 'raw') return 1
  return Math.abs(scale) * (unit === 'sd' ? (Number.isFinite(sd[i]) ? sd[i] : 0) : max[i] - min[i])
}

function limitsOf(bounds: NonNullable<AttackParameters['bounds']>, { name, source }: Feature, { min, max }: FeatureStatistics, i: number, scale: number, table: boolean): readonly [number, number] {
  if (isPair(bounds)) return bounds
  if (typeof bounds === 'object') {
    const own = bounds[name] ?? bounds[source]
    if (own) return own
  }
  const [low, high] = table ? [min[i], max[i]] : [Math.min(...min), Math.max(...max)]
  return scale < 0 ? [high * scale, low * scale] : [low * scale, high * scale]
}

/** @throws ProbityError when the data themselves lie outside: no change could be within both epsilon and bounds */
function checkBounds(name: string, [low, high]: readonly [number, number], ends: readonly [number, number]): void {
  const [least, most] = [Math.min(...ends), Math.max(...ends)]
  const slack = 1e-6 * Math.max(1, Math.abs(least), Math.abs(most))
  if (least >= low - slack && most <= high + slack) return
  throw new ProbityError('config/bounds', `The attack's bounds of ${name} are ${low} to ${high}, and its values in the data lie between ${least} and ${most} (in units of the model's input). Give bounds that hold the data, or leave them out for what was observed.`)
}

const isPair = (bounds: unknown): bounds is readonly [number, number] => Array.isArray(bounds)

function checkNames(names: readonly string[], features: readonly Feature[]): void {
  const known = [...new Set(features.flatMap(({ name, source }) => [name, source]))]
  for (const name of names) {
    if (!known.includes(name)) throw new ProbityError('config/column', `The attack's threat model names ${name}, which is not a feature. ${nearest(name, known)}`)
  }
}
