/**
 * @file Gradients of every float case that the ONNX project has for single operators, by the operator's name:
 * `npx vitest run test/conformance/onnx-gradients.test.ts -t 'Relu'`.
 */
import { describe, expect, test } from 'vitest'
import { constantOps, loweredOps, ruledOps } from '../../src/autodiff/index.js'
import { byOperator, type OnnxCase } from '../reference/onnx-cases.js'
import schemas from '../fixtures/reference/onnx-schemas.json' with { type: 'json' }
import { BOUND, NO_RULE, NUDGED, REPLACED, SETTINGS, UNCHECKED } from './onnx-gradient-exceptions.js'
import { checkedCases, disagreements, floatCases, isReadable, optionsOf, prepare, type CaseOptions } from './onnx-gradients.js'

/** What is wrong with the gradient of a case, errors included. */
function problems(one: OnnxCase, options: CaseOptions): string[] {
  try {
    const prepared = prepare(one, options)
    // All its floats are settings.
    if (prepared === null) return options.without === undefined ? ['no tensor of floats goes in and out'] : []
    return disagreements(prepared, one.expanded)
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

describe('ONNX cases', () => {
  test.each([...byOperator(checkedCases)])('%s', (_, cases) => {
    const wrong = cases.flatMap((one) => problems(one, optionsOf(one)).slice(0, 3).map((problem) => `${one.name}: ${problem}`))
    expect(wrong.join('\n')).toBe('')
  }, 60_000)
})

describe('exceptions are needed', () => {
  const find = (name: string): OnnxCase => floatCases.find((one) => one.name === name) ?? expect.fail(`there is no float case ${name}`)

  test('operators of ONNX without a rule, a lowering or a gradient of zero are the ones listed', () => {
    const answered = new Set([...ruledOps, ...loweredOps, ...constantOps, ...Object.keys(REPLACED)])
    const listed = new Set(Object.values(NO_RULE).flat())
    expect([...listed].filter((op) => answered.has(op)), 'listed, but answered').toEqual([])
    expect(schemas.operators.map(({ domain, name }) => (domain === '' ? name : `${domain}:${name}`)).filter((op) => !answered.has(op) && !listed.has(op)), 'neither answered nor listed').toEqual([])
  })

  test.each(Object.entries(UNCHECKED).flatMap(([reason, names]) => names.map((name) => [name, reason])))('%s: %s', (name) => {
    const one = find(name)
    if (isReadable(one)) expect(problems(one, optionsOf(one))).not.toEqual([])
  })

  test.each(Object.values(NUDGED).flat())('%s is nudged', (name) => {
    const one = find(name)
    if (isReadable(one)) expect(problems(one, { ...optionsOf(one), nudged: false })).not.toEqual([])
  })

  test.each(Object.keys(BOUND))('%s is bound', (operator) => {
    const cases = checkedCases.filter((one) => one.operator === operator)
    expect(cases.length === 0 || cases.some((one) => problems(one, { ...optionsOf(one), bound: false }).length > 0)).toBe(true)
  })

  test.each(Object.entries(SETTINGS))('settings of %s', (operator, { inputs }) => {
    const cases = checkedCases.filter((one) => one.operator === operator)
    for (const input of inputs) {
      const asked = inputs.filter((other) => other !== input)
      expect(cases.length === 0 || cases.some((one) => problems(one, { ...optionsOf(one), without: asked }).length > 0), `input ${input}`).toBe(true)
    }
  })
})
