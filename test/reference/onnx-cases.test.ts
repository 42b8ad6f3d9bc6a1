/** @file The interpreter against the expected outputs of the ONNX project's own single-node cases. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { DType } from '../../src/contracts/tensor.js'
import { float, int, ints, string, tensorValue, type Attribute, type Graph } from '../../src/graph/ir.js'
import { interpret, interpretable, refTensor, toTensor, type RefTensor } from './index.js'
import { largestError } from './compare.js'

type StoredTensor = { dims: number[]; dtype: DType; data: (number | string)[] }
type StoredAttribute = { type: 'float' | 'int'; value: number } | { type: 'string'; value: string } | { type: 'ints' | 'floats'; value: number[] } | { type: 'tensor'; value: StoredTensor }
type Case = {
  name: string
  opset: number
  op: string
  attributes: Record<string, StoredAttribute>
  inputs: string[]
  outputs: string[]
  feeds: Record<string, StoredTensor>
  expected: Record<string, StoredTensor>
}

const stored = JSON.parse(gunzipSync(readFileSync(new URL('../fixtures/reference/onnx-cases.json.gz', import.meta.url))).toString()) as { onnx: string; cases: Case[] }

const restore = ({ dims, dtype, data }: StoredTensor): RefTensor => refTensor(dims, data.map(Number), dtype)

function attributeOf(stored: StoredAttribute): Attribute {
  switch (stored.type) {
    case 'float': return float(stored.value)
    case 'int': return int(stored.value)
    case 'string': return string(stored.value)
    case 'ints': return ints(stored.value)
    case 'floats': return { type: 'floats', value: stored.value }
    case 'tensor': return tensorValue(toTensor(restore(stored.value)))
  }
}

function graphOf({ name, op, opset, attributes, inputs, outputs, feeds, expected }: Case): Graph {
  const info = (value: string) => ({ name: value, type: null })
  return {
    name,
    inputs: Object.keys(feeds).map(info),
    overridable: [],
    outputs: Object.keys(expected).map(info),
    nodes: [{ name, opType: op, domain: '', inputs, outputs, attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)])) }],
    initializers: new Map(),
    sparseInitializers: new Map(),
    valueInfo: new Map(),
    opsets: new Map([['', opset]]),
  }
}

/** Random by definition, so that there is no expected output to compare with. */
const isRandom = ({ op, feeds }: Case) => op === 'Dropout' && Object.values(feeds).some(({ dtype, data }) => dtype === 'bool' && data[0] === 1)

const byOperator = new Map<string, Case[]>()
for (const one of stored.cases) if (!isRandom(one)) byOperator.set(one.op, [...(byOperator.get(one.op) ?? []), one])

describe('ONNX reference cases', () => {
  test.each([...byOperator])('%s', (_, cases) => {
    for (const one of cases) {
      const outputs = interpret(graphOf(one), new Map(Object.entries(one.feeds).map(([name, tensor]) => [name, restore(tensor)])))
      for (const [name, expected] of Object.entries(one.expected)) {
        const actual = outputs.get(name) as RefTensor
        expect([actual.dims, actual.dtype], `${one.name} ${name}`).toEqual([expected.dims, expected.dtype])
        expect(largestError(actual.data, restore(expected).data), `${one.name} ${name}`).toBeLessThanOrEqual(1e-5)
      }
    }
  })

  test('every operator of the interpreter has cases', () => {
    expect(interpretable.filter((op) => !byOperator.has(op))).toEqual([])
    expect(stored.cases.length).toBeGreaterThan(500)
  })
})
