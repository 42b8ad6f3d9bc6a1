import { describe, expect, it } from 'vitest'
import { decideRows } from '../../src/artifacts/decision-rule.js'
import type { Prediction } from '../../src/contracts/model.js'
import type { Tensor } from '../../src/contracts/tensor.js'

const prediction = (change: Partial<Prediction>): Prediction => ({ output: 'out', kind: 'probabilities', logits: null, labelOutput: null, classes: null, columns: 2, ...change })
const output = (rows: number[][]): Tensor => ({ data: Float64Array.from(rows.flat()), dims: [rows.length, rows[0].length], dtype: 'float64' })
const label = (labels: string[]): Tensor => ({ data: labels, dims: [labels.length], dtype: 'string' })
const CLASSES = ['no', 'yes']
const two = output([[0.65, 0.35], [0.75, 0.25], [0.2, 0.8], [NaN, NaN]])

describe('the class of each row', () => {
  it('is the most likely one, none where the answer is NaN', () => {
    expect([...decideRows({ output: two }, prediction({}), CLASSES, { positive: 'yes', threshold: null })]).toEqual([0, 0, 1, -1])
  })
  it.each([['yes', 0.3, [1, 0, 1, -1]], ['yes', 0.9, [0, 0, 0, -1]], ['no', 0.7, [1, 0, 1, -1]]])('obeys a threshold on the score of %s, %d, with two columns', (positive, threshold, expected) => {
    expect([...decideRows({ output: two }, prediction({}), CLASSES, { positive, threshold })]).toEqual(expected)
  })
  it('obeys it with one column, whichever class is positive', () => {
    const one = output([[0.35], [0.25], [0.8]])
    expect([...decideRows({ output: one }, prediction({ columns: 1 }), CLASSES, { positive: 'yes', threshold: 0.3 })]).toEqual([1, 0, 1])
    expect([...decideRows({ output: one }, prediction({ columns: 1 }), CLASSES, { positive: 'no', threshold: 0.7 })]).toEqual([1, 0, 1])
  })
  it("is the model's own label, but not against a stated threshold", () => {
    const answers = { output: two, label: label(['no', 'no', 'no', 'yes']) }
    expect([...decideRows(answers, prediction({ labelOutput: 'label' }), CLASSES, { positive: 'yes', threshold: null })]).toEqual([0, 0, 0, 1])
    expect([...decideRows(answers, prediction({ labelOutput: 'label' }), CLASSES, { positive: 'yes', threshold: 0.3 })]).toEqual([1, 0, 1, -1])
  })
  it('reads labels that the config gives other names by their place', () => {
    const answers = { output: two, label: label(['0', '0', '1', '1']) }
    expect([...decideRows(answers, prediction({ labelOutput: 'label', labelClasses: ['0', '1'] }), CLASSES, { positive: 'yes', threshold: null })]).toEqual([0, 0, 1, 1])
    expect(() => decideRows(answers, prediction({ labelOutput: 'label' }), CLASSES, { positive: 'yes', threshold: null })).toThrow(/gave the label "0", which is not one of its classes/)
  })
})
