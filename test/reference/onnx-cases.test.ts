/** @file The interpreter against the expected outputs of the ONNX project's own cases of single operators. */
import { describe, expect, test } from 'vitest'
import type { DType } from '../../src/contracts/tensor.js'
import { interpret, interpretable, type RefTensor } from './index.js'
import { largestError } from './compare.js'
import { NOT_INTERPRETED } from './not-interpreted.js'
import { byOperator, isTensor, leftOut, onnxCases, type CaseValue, type OnnxCase } from './onnx-cases.js'

const known = new Set(interpretable)
const unknown = new Set(NOT_INTERPRETED.operators)
const exceptions = new Set(Object.values(NOT_INTERPRETED.cases).flat())
const isReadable = (one: OnnxCase) => one.uses.every((op) => known.has(op))

/** Expected outputs are rounded to their type, and so is what they were computed from. */
const TOLERANCE: Readonly<Partial<Record<DType, number>>> = { float16: 2 ** -10, bfloat16: 2 ** -7 }

function check(one: OnnxCase): void {
  const outputs = interpret(one.graph(), one.feeds() as Map<string, RefTensor>)
  one.graph().outputs.forEach(({ name }, i) => expectEqual(outputs.get(name) as CaseValue, one.outputs()[i], `${one.name} ${name}`))
}

function expectEqual(actual: CaseValue, expected: CaseValue, what: string): void {
  if (expected === null || !isTensor(expected)) {
    expect(Array.isArray(actual) ? actual.length : actual, what).toEqual(expected === null ? null : expected.length)
    expected?.forEach((element, i) => expectEqual((actual as readonly CaseValue[])[i], element, `${what}[${i}]`))
    return
  }
  const tensor = actual as RefTensor
  expect([tensor.dims, tensor.dtype], what).toEqual([expected.dims, expected.dtype])
  expect(largestError(tensor.data, expected.data), what).toBeLessThanOrEqual(TOLERANCE[expected.dtype] ?? 1e-5)
}

const interpreted = byOperator(onnxCases.filter((one) => isReadable(one) && !exceptions.has(one.name)))

describe('ONNX cases', () => {
  test.each([...interpreted])('%s', (_, cases) => cases.forEach(check))

  test('every kernel of ai.onnx has cases', () => {
    const used = new Set([...onnxCases.flatMap(({ uses }) => uses), ...NOT_INTERPRETED.withoutCases])
    expect(interpretable.filter((op) => !op.includes(':') && !used.has(op))).toEqual([])
  })

  test('operators without a kernel are the ones listed', () => {
    const missing = new Set(onnxCases.flatMap(({ uses }) => uses.filter((op) => !known.has(op))))
    expect([...unknown].filter((op) => !missing.has(op)), 'listed, but interpreted or unused').toEqual([])
    expect([...missing].filter((op) => !unknown.has(op)), 'neither interpreted nor listed').toEqual([])
  })

  test.each([...exceptions])('%s still needs its exception', (name) => {
    const one = onnxCases.find((candidate) => candidate.name === name)
    if (one === undefined) expect.fail('there is no such case')
    if (isReadable(one)) expect(() => check(one)).toThrow()
  })

  test('only strings and large tensors are left out', () => {
    expect(new Set(leftOut.map(({ reason }) => reason.replace(/^\d+/, 'N')))).toEqual(new Set(['strings', 'N bytes of values']))
    expect(onnxCases.length).toBeGreaterThan(1800)
  })
})
