import { describe, expect, it } from 'vitest'
import type { Predictions } from '../../src/contracts/artifact.js'
import type { DatasetView } from '../../src/contracts/dataset.js'
import type { ModelSummary, Prediction } from '../../src/contracts/model.js'
import type { Part, PlanContext } from '../../src/artifacts/kind.js'
import { predictionsGatherer } from '../../src/artifacts/kinds/predictions.js'
import { readAnswers } from '../../src/artifacts/model-answers.js'
import { exampleView } from './example-view.js'

const logits: Prediction = { output: 'out', kind: 'logits', logits: 'out', labelOutput: null, classes: ['no', 'yes'], columns: 2 }

function contextOf(prediction: Partial<Prediction> | null, view: Partial<DatasetView> = {}, threshold: number | null = null): PlanContext {
  const model = prediction && ({ prediction: { ...logits, ...prediction } } as ModelSummary)
  return { view: { ...exampleView(), prediction: null, score: null, ...view }, model, inputs: [], blockRows: 1, decision: { threshold }, seed: 0 }
}

/** What rows 0 and 2 of the example come to when the model answers `output` and `labels` for them. */
function predict(context: PlanContext, output: number[][] | null, labels: string[] | null = null): Predictions {
  const plan = predictionsGatherer.plan({}, {}, context)
  if (!('concrete' in plan)) throw new Error('unavailable' in plan ? plan.unavailable : 'a plan was expected')
  expect(plan.rows).toEqual([0, 2])
  // One part per row, so that joining parts is tested too.
  const parts = plan.rows.map((_, i): Part => ({
    json: null,
    tensors: {
      ...(output && { output: { data: Float64Array.from(output[i]), dims: [1, output[i].length], dtype: 'float64' as const } }),
      ...(labels && { label: { data: [labels[i]], dims: [1], dtype: 'string' as const } }),
    },
  }))
  return predictionsGatherer.combine(parts, plan, {}, context)
}

function refusal(context: PlanContext): string {
  const plan = predictionsGatherer.plan({}, {}, context)
  return 'unavailable' in plan ? plan.unavailable : 'planned'
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z))

describe('predictions of a model', () => {
  it('are softmax of logits; incomplete rows stay without', () => {
    const { classes, predicted, probabilities, score, decisionRule } = predict(contextOf({}), [[0, 1], [800, -800]])
    expect(classes).toEqual(['no', 'yes'])
    expect([...predicted]).toEqual([1, -1, 0])
    expect(probabilities![1]).toBeCloseTo(sigmoid(1), 15)
    expect(probabilities![0] + probabilities![1]).toBeCloseTo(1, 15)
    expect([...probabilities!.subarray(2)]).toEqual([NaN, NaN, 1, 0])
    expect(score![0]).toBe(probabilities![1])
    expect(score![1]).toBeNaN()
    expect(decisionRule).toBe('most likely class (assumed)')
  })

  it('of a regressor are not asked for class names', () => {
    const findings = [{ id: 'numeric-label', severity: 'warning', message: '' }] as const
    expect(refusal(contextOf({ kind: 'score', columns: 1, classes: null }, { label: null, findings }))).toMatch(/the label is a quantity and no class, and metrics for regression are not built/)
  })

  it('read one column of logits as [0, z], one of probabilities as [1 − p, p]', () => {
    const one = predict(contextOf({ columns: 1 }), [[2], [0]])
    expect(one.score![0]).toBeCloseTo(sigmoid(2), 15)
    expect([...one.predicted]).toEqual([1, -1, 0])
    const p = predict(contextOf({ columns: 1, kind: 'probabilities' }), [[0.75], [0.5]])
    expect([...p.probabilities!]).toEqual([0.25, 0.75, NaN, NaN, 0.5, 0.5])
    expect([...p.predicted]).toEqual([1, -1, 0])
  })

  it('rank by logits where softmax can no longer tell', () => {
    expect([...predict(contextOf({}), [[-50, 0], [1e-17, 2e-17]]).predicted]).toEqual([1, -1, 1])
  })

  it('score the positive class, wherever it stands', () => {
    const { score } = predict(contextOf({ classes: ['yes', 'no'], kind: 'probabilities' }), [[0.9, 0.1], [0.2, 0.8]])
    expect([...score!]).toEqual([0.9, NaN, 0.2])
  })

  it('have no score when no class is positive', () => {
    expect(predict(contextOf({}, { positive: null }), [[0, 1], [1, 0]]).score).toBeNull()
  })

  it('obey a configured threshold before the model\'s label', () => {
    const context = contextOf({ kind: 'probabilities', labelOutput: 'label' }, {}, 0.2)
    const { predicted, decisionRule } = predict(context, [[0.8, 0.2], [0.81, 0.19]], ['no', 'no'])
    expect([...predicted]).toEqual([1, -1, 0])
    expect(decisionRule).toBe('score of yes ≥ 0.2')
  })

  it('take the model\'s own label otherwise, integers by value', () => {
    const view = { label: { name: 'y', categories: ['0.0', '1.0'], codes: Int32Array.of(1, 0, -1) }, positive: '1.0' }
    const { predicted, classes, decisionRule } = predict(contextOf({ kind: 'probabilities', labelOutput: 'label', classes: ['0', '1'] }, view), [[0.4, 0.6], [0.4, 0.6]], ['0', '1'])
    expect(classes).toEqual(['0.0', '1.0'])
    expect([...predicted]).toEqual([0, -1, 1])
    expect(decisionRule).toBe('the model\'s own label')
  })

  it('choose the most likely of the others below a threshold with many classes', () => {
    const view = { label: { name: 'y', categories: ['a', 'b', 'c'], codes: Int32Array.of(0, 1, 2) }, positive: 'b' }
    const { predicted } = predict(contextOf({ kind: 'probabilities', classes: ['a', 'b', 'c'], columns: 3 }, view, 0.9), [[0.1, 0.6, 0.3], [0, 0.95, 0.05]])
    expect([...predicted]).toEqual([2, -1, 1])
  })

  it('are missing where the model answers NaN', () => {
    const { predicted, score } = predict(contextOf({}), [[NaN, 1], [0, 1]])
    expect([...predicted]).toEqual([-1, -1, 1])
    expect(score![0]).toBeNaN()
  })

  it('read columns as integers when the label is exactly 0 … k−1, and say so', () => {
    const view = { label: { name: 'y', categories: ['0', '1'], codes: Int32Array.of(1, 0, -1) }, positive: '1' }
    const { classes, decisionRule } = predict(contextOf({ classes: null }, view), [[0, 1], [1, 0]])
    expect(classes).toEqual(['0', '1'])
    expect(decisionRule).toBe('most likely class (assumed); output columns read as 0, 1 (assumed)')
  })

  it('refuse classes that cannot be known', () => {
    expect(refusal(contextOf({ classes: null }))).toMatch(/^which class each output column means is not known; state model\.output\.classes/)
    expect(refusal(contextOf({ classes: null, columns: 3 }, { label: { name: 'y', categories: ['0', '1'], codes: new Int32Array(3) }, positive: null }))).toMatch(/not known/)
    expect(refusal(contextOf({ classes: null }, { label: { name: 'y', categories: ['1', '2'], codes: new Int32Array(3) }, positive: null }))).toMatch(/not known/)
    expect(refusal(contextOf({ classes: ['0', '1'] }))).toMatch(/the model's classes \(0, 1\) are not values of y \(no, yes\)/)
    expect(refusal(contextOf({ classes: ['no', 'maybe'] }))).toMatch(/positive class yes is not one of the model's classes/)
    expect(() => predict(contextOf({ columns: null }), [[1, 2, 3], [1, 2, 3]])).toThrow(/Output out has 3 columns for 2 classes/)
  })

  it('need a threshold for a lone score', () => {
    expect(refusal(contextOf({ kind: 'score', columns: 1 }))).toMatch(/give decision\.threshold/)
    const { predicted, score, probabilities } = predict(contextOf({ kind: 'score', columns: 1 }, {}, -3), [[-2], [-3.5]])
    expect([...predicted]).toEqual([1, -1, 0])
    expect([...score!]).toEqual([-2, NaN, -3.5])
    expect(probabilities).toBeNull()
  })

  it('count labels that the data does not have as classes of their own', () => {
    const { classes, predicted, score } = predict(contextOf({ output: null, kind: 'label', labelOutput: 'label', classes: null }), null, ['other', 'no'])
    expect(classes).toEqual(['no', 'yes', 'other'])
    expect([...predicted]).toEqual([2, -1, 0])
    expect(score).toBeNull()
  })
})

describe('stored predictions', () => {
  const stored = (view: Partial<DatasetView>, threshold: number | null = null): Predictions => {
    const plan = predictionsGatherer.plan({}, {}, contextOf(null, view, threshold))
    if (!('value' in plan)) throw new Error('a value was expected')
    return plan.value
  }

  it('are spelled like the label', () => {
    const { classes, predicted, decisionRule } = stored({
      label: { name: 'y', categories: ['0', '1'], codes: Int32Array.of(0, 1, 1) },
      prediction: { name: 'p', categories: ['1.0', '0.0', '2'], codes: Int32Array.of(1, 0, 2) },
    })
    expect(classes).toEqual(['0', '1', '2'])
    expect([...predicted]).toEqual([0, 1, 2])
    expect(decisionRule).toBe('column p')
  })

  it('are decided by a score, at 0.5 unless stated', () => {
    const score = { name: 's', values: Float64Array.of(0.5, NaN, 0.49) }
    expect(stored({ score })).toMatchObject({ predicted: Int32Array.of(1, -1, 0), decisionRule: 'score of yes ≥ 0.5 (assumed)' })
    expect(stored({ score }, 0.4)).toMatchObject({ predicted: Int32Array.of(1, -1, 1), decisionRule: 'score of yes ≥ 0.4' })
    expect(refusal(contextOf(null, { score: { name: 's', values: Float64Array.of(-3, 2, 0) } }))).toMatch(/give decision\.threshold/)
    expect(refusal(contextOf(null, { score, positive: null }))).toMatch(/give data\.positive/)
  })

  it('are refused when there are none', () => {
    expect(refusal(contextOf(null))).toMatch(/neither a model nor a column of predictions/)
  })
})

describe('answers of a block', () => {
  it('are numbers per row and labels as text', () => {
    const outputs = {
      out: { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2], dtype: 'float32' as const },
      label: { data: BigInt64Array.of(7n, -1n), dims: [2], dtype: 'int64' as const },
    }
    const answers = readAnswers({ ...logits, labelOutput: 'label' }, outputs, 2)
    expect(answers.output).toEqual({ data: Float64Array.of(1, 2, 3, 4), dims: [2, 2], dtype: 'float64' })
    expect(answers.label.data).toEqual(['7', '-1'])
  })

  it.each([[[2, 3, 4]], [[4, 2]], [[1, 2]], [[2, 0]]])('refuse the shape %j for two rows', (dims) => {
    const out = { data: new Float32Array(dims.reduce((a, b) => a * b)), dims, dtype: 'float32' as const }
    expect(() => readAnswers(logits, { out }, 2)).toThrow(/one answer per row is needed/)
  })
})
