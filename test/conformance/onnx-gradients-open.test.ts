/** @file Some ONNX cases of each operator with less said about shapes than the files say: the gradients are the same. */
import { describe, expect, test } from 'vitest'
import { randomStream } from '../../src/tensor/random.js'
import { largestError } from '../reference/compare.js'
import type { RefTensor } from '../reference/index.js'
import { byOperator, type OnnxCase } from '../reference/onnx-cases.js'
import { NEEDS } from './onnx-gradient-exceptions.js'
import { checkedCases, gradientsOf, optionsOf, prepare, withShapes } from './onnx-gradients.js'

const PER_OPERATOR = 4
/** Constants of gradient graphs are rounded to the types of the model, and what is known decides which constants there are. */
const ROUNDING = 1e-6

/** The cases of an operator that come first in a random order. */
function sample(cases: readonly OnnxCase[]): readonly OnnxCase[] {
  const place = ({ name }: OnnxCase) => randomStream(1, name)(0, 0)
  return [...cases].sort((a, b) => place(a) - place(b)).slice(0, PER_OPERATOR)
}

describe.each(['symbolic', 'unknown'] as const)('%s shapes', (shapes) => {
  test.each([...byOperator(checkedCases.filter(({ expanded }) => !expanded))])('%s', (operator, cases) => {
    const wrong = sample(cases).flatMap((one) => {
      const prepared = prepare(one, optionsOf(one))
      return prepared === null ? [] : differences(() => gradientsOf(withShapes(prepared, shapes)), gradientsOf(prepared)).map((problem) => `${one.name}: ${problem}`)
    })
    const refused = NEEDS[shapes].includes(operator) ? wrong.filter((problem) => / is unknown, which (its|the) gradient needs\. Export the model with /.test(problem)) : []
    expect(wrong.filter((problem) => !refused.includes(problem)).join('\n')).toBe('')
    if (NEEDS[shapes].includes(operator)) expect(refused, 'nothing was refused').not.toEqual([])
  })
})

function differences(make: () => ReadonlyMap<string, RefTensor>, expected: ReadonlyMap<string, RefTensor>): string[] {
  try {
    const actual = make()
    return [...expected].flatMap(([name, { data }]) => {
      const error = largestError((actual.get(name) as RefTensor).data, data)
      return error <= ROUNDING ? [] : [`the gradient of ${name} differs by ${error} from that of the static graph`]
    })
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}
