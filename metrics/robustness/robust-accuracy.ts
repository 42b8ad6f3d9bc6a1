/** @file What every attack metric reports: accuracy under attack, what stands beside it, the curve, and who is hit. */
import type { AdversarialExamples, ArtifactRequest, AttackParameters } from '../../src/contracts/artifact.js'
import { adversarialExamples } from '../../src/contracts/artifact.js'
import type { DatasetView } from '../../src/contracts/dataset.js'
import { indexOfLabel } from '../../src/contracts/labels.js'
import { notApplicable, type Measurement, type MetricContext, type NotApplicable } from '../../src/contracts/metric.js'
import type { Details, GroupResult } from '../../src/contracts/report.js'
import { HUMAN_DECISION_NOTE, exactOrWilsonInterval, pairedDifferenceInterval, settleProportion, wilsonInterval } from '../../src/statistics/index.js'

export type AttackOptions = Omit<AttackParameters, 'attack'> & {
  /** Further epsilons for the curve. Default: half, twice and four times epsilon. */
  readonly curve?: readonly number[]
}

/** The judged epsilon under `attacked`, the others under `curve-0`, `curve-1`, … */
export type AttackRequests = Readonly<Record<string, ArtifactRequest<'adversarial-examples'>>>

const CONFIDENCE = 0.95
/** Gradients that are zero for more rows than this look masked (Athalye, Carlini, Wagner 2018, arXiv:1802.00420). */
const MASKED_SHARE = 0.05

export function attackRequests(attack: AttackParameters['attack'], { curve, ...parameters }: AttackOptions): AttackRequests {
  const { epsilon, stepSize } = parameters
  const at = (other: number) => adversarialExamples({ attack, ...parameters, epsilon: other, ...(stepSize !== undefined && { stepSize: (stepSize * other) / epsilon }) })
  const others = new Set(curve ?? [epsilon / 2, epsilon * 2, epsilon * 4])
  return { attacked: at(epsilon), ...Object.fromEntries([...others].filter((other) => other !== epsilon).map((other, i) => [`curve-${i}`, at(other)])) }
}

export function measureRobustAccuracy(
  artifacts: Readonly<Record<string, AdversarialExamples>>,
  context: MetricContext<AttackOptions>,
  shortName: string,
  attackInWords: (attacked: AdversarialExamples) => string,
): Measurement | NotApplicable {
  const { attacked, ...curve } = artifacts
  const { data } = context
  const outcome = outcomesOf(attacked, data)
  const n = attacked.rows.length
  if (n === 0) return notApplicable('no row has both a label and every feature')
  const right = { successes: outcome.robust, trials: n }
  return {
    value: right.successes / n,
    n,
    intervalAt: (confidence) => wilsonInterval(right, confidence),
    decisionIntervalAt: (confidence) => exactOrWilsonInterval(right, confidence),
    excluded: data.rows > n ? [{ reason: 'not in the seeded sample of attacked rows, or without a label or a feature', rows: data.rows - n }] : [],
    heldAgainst: attackInWords(attacked),
    settle: (threshold) => settleProportion(n, 'all attacked rows', threshold),
    ...(attacked.zeroGradientShare > MASKED_SHARE && { cannotPass: `the gradient was exactly zero for ${percent(attacked.zeroGradientShare)} of the rows classified right, so the attack had no direction there and its failure shows nothing` }),
    ...(attacked.input === 'table' && { title: `Decision stability under small changes (${shortName})` }),
    notes: [
      ...(attacked.input === 'table' ? ['Decision stability under small changes: unless somebody edits applications against the model, it says nothing of an adversary.'] : []),
      ...(data.labelMeaning === 'human-decision' ? [HUMAN_DECISION_NOTE] : []),
      `Attacked with ${attackInWords(attacked)}; a stronger attack may succeed.`,
      ...(attacked.zeroGradientShare > MASKED_SHARE
        ? [`The gradient was exactly zero for ${percent(attacked.zeroGradientShare)} of the rows classified right: gradients look masked, and robustness may be overstated.`]
        : []),
    ],
    details: [facts(attacked, outcome, n), accuracyCurve([attacked, ...Object.values(curve)], data), classShares(attacked), ...successByGroup(attacked, outcome, data)],
  }
}

type Outcomes = {
  /** [n] class index of the label */
  readonly truth: Int32Array
  readonly clean: number
  readonly robust: number
  /** Right before the attack and right after it. */
  readonly both: number
  readonly majority: { readonly name: string; readonly rows: number }
  /** Without attack: the mean over the classes of the share of their rows that are right. */
  readonly balanced: number
}

function outcomesOf({ rows, classes, cleanPredicted, adversarialPredicted }: AdversarialExamples, { label }: DatasetView): Outcomes {
  const toClass = label?.categories.map((category) => indexOfLabel(classes, category)) ?? []
  const truth = Int32Array.from(rows, (row) => toClass[label?.codes[row] ?? -1] ?? -1)
  const perClass = new Array<number>(classes.length).fill(0), rightPerClass = [...perClass]
  let clean = 0, robust = 0, both = 0
  truth.forEach((expected, i) => {
    if (expected >= 0) perClass[expected]++
    if (cleanPredicted[i] === expected) {
      clean++
      rightPerClass[expected]++
    }
    if (adversarialPredicted[i] === expected) robust++
    if (cleanPredicted[i] === expected && adversarialPredicted[i] === expected) both++
  })
  const most = perClass.indexOf(Math.max(...perClass))
  const recalls = perClass.flatMap((rows, i) => (rows > 0 ? [rightPerClass[i] / rows] : []))
  return { truth, clean, robust, both, majority: { name: classes[most], rows: perClass[most] }, balanced: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length }
}

function facts(attacked: AdversarialExamples, { clean, robust, both, majority, balanced }: Outcomes, n: number): Details {
  const lost = pairedDifferenceInterval({ both, firstOnly: clean - both, secondOnly: robust - both, neither: n - clean - robust + both }, CONFIDENCE)
  return {
    type: 'facts',
    title: 'Beside it',
    items: [
      { name: 'Accuracy without attack', value: clean / n, unit: 'share', note: `${clean} of ${n} attacked rows` },
      { name: 'Balanced accuracy without attack', value: balanced, unit: 'share' },
      { name: 'Accuracy lost to the attack', value: (clean - robust) / n, unit: 'difference of shares', ...(lost && { note: `95 % interval ${points(lost.low)} to ${points(lost.high)} percentage points, ${lost.method}` }) },
      { name: 'Accuracy of always answering the majority class', value: majority.rows / n, unit: 'share', note: `class ${majority.name}` },
      { name: 'Attack success', value: clean === 0 ? null : (clean - both) / clean, unit: 'share', note: `of the ${clean} rows classified right, ${clean - both} changed` },
      { name: 'Epsilon', value: `${attacked.epsilon} ${unitInWords(attacked)}` },
      { name: 'Steps, restarts', value: `${attacked.steps}, ${attacked.restarts}` },
      { name: 'Bounds', value: attacked.bounds },
      { name: 'Columns that may change', value: attacked.input === 'tensor' ? 'all' : attacked.mutableColumns.join(', ') },
      ...(attacked.frozenColumns.length > 0 ? [{ name: 'Frozen columns', value: attacked.frozenColumns.map(({ column, reason }) => `${column} (${reason})`).join(', ') }] : []),
      { name: 'Rows whose gradient is exactly zero', value: attacked.zeroGradientShare, unit: 'share', note: 'of the rows classified right; a large share is a sign of masked gradients' },
    ],
  }
}

function accuracyCurve(attacks: readonly AdversarialExamples[], data: DatasetView): Details {
  const [first] = attacks
  const base = outcomesOf(first, data)
  const n = first.rows.length
  const point = (x: number, successes: number) => ({ x, y: successes / n, interval: wilsonInterval({ successes, trials: n }, CONFIDENCE) })
  return {
    type: 'curve',
    title: 'Accuracy by epsilon',
    caption: 'Each point is attacked on its own; bands are 95 % Wilson intervals.',
    x: `epsilon (${unitInWords(first)})`,
    y: 'accuracy',
    points: [point(0, base.clean), ...attacks.map((attack) => point(attack.epsilon, outcomesOf(attack, data).robust))].sort((a, b) => a.x - b.x),
    references: [{ name: `always ${base.majority.name}`, y: base.majority.rows / n }],
  }
}

function classShares({ classes, cleanPredicted, adversarialPredicted }: AdversarialExamples): Details {
  const share = (predicted: Int32Array, index: number) => predicted.reduce((count, value) => count + (value === index ? 1 : 0), 0) / predicted.length
  return {
    type: 'table',
    title: 'Share predicted as each class',
    columns: [{ key: 'class', title: 'Class' }, { key: 'clean', title: 'Without attack', unit: 'share' }, { key: 'attacked', title: 'Under attack', unit: 'share' }],
    rows: classes.map((name, index) => ({ class: name, clean: share(cleanPredicted, index), attacked: share(adversarialPredicted, index) })),
  }
}

/** Of the rows classified right, how many changed, per group of each sensitive column. */
function successByGroup({ rows, cleanPredicted, adversarialPredicted }: AdversarialExamples, { truth }: Outcomes, data: DatasetView): Details[] {
  const singles = data.sensitive.filter(({ columns }) => columns.length === 1)
  if (singles.length === 0) return []
  return [{
    type: 'groups',
    title: 'Attack success per group',
    caption: 'Share of the rows classified right whose class the attack changed; 95 % Wilson intervals.',
    unit: 'share',
    series: singles.map(({ name, codes, categories }) => {
      const people = new Array<number>(categories.length).fill(0), right = [...people], changed = [...people]
      rows.forEach((row, i) => {
        const group = codes[row]
        if (group < 0) return
        people[group]++
        if (cleanPredicted[i] !== truth[i]) return
        right[group]++
        if (adversarialPredicted[i] !== truth[i]) changed[group]++
      })
      const groups = categories.map((value, i): GroupResult => ({
        group: [{ column: name, value }],
        n: people[i],
        denominator: right[i],
        value: right[i] === 0 ? null : changed[i] / right[i],
        interval: wilsonInterval({ successes: changed[i], trials: right[i] }, CONFIDENCE),
        role: right[i] === 0 ? 'too-small' : 'compared',
        ...(right[i] === 0 && { reason: 'no row of this group was classified right' }),
      }))
      return { name, groups }
    }),
  }]
}

export const unitInWords = ({ unit, input }: AdversarialExamples): string =>
  unit === 'sd' ? 'standard deviations of each column' : unit === 'range' ? "shares of each column's observed range" : unit === 'data' ? 'units of the data' : input === 'tensor' ? "units of the model's input" : 'raw units'

const points = (share: number) => `${share < 0 ? '−' : ''}${Math.abs(100 * share).toFixed(1)}`
const percent = (share: number) => `${points(share)} %`
