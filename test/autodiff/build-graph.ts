/** @file Small graphs for tests, written as lists. */
import type { Dim } from '../../src/contracts/model.js'
import type { DType } from '../../src/contracts/tensor.js'
import { toAttributes, type Attributes } from '../../src/graph/builder.js'
import type { Graph, Node } from '../../src/graph/index.js'
import { fromNumbers } from '../../src/tensor/tensor.js'

export type Op = readonly [opType: string, inputs: readonly string[], outputs: string | readonly string[], attributes?: Attributes, domain?: string]
type Constant = { readonly data: readonly number[]; readonly dims: readonly number[]; readonly dtype?: DType }

export type GraphParts = {
  readonly inputs: Readonly<Record<string, readonly Dim[] | { readonly dims: readonly Dim[]; readonly dtype: DType }>>
  readonly constants?: Readonly<Record<string, Constant>>
  readonly ops: readonly Op[]
  readonly outputs: readonly string[]
  readonly opset?: number
}

export function buildGraph({ inputs, constants = {}, ops, outputs, opset = 18 }: GraphParts): Graph {
  return {
    name: 'test', overridable: [], sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', opset]]),
    inputs: Object.entries(inputs).map(([name, type]) => ({ name, type: { kind: 'tensor', ...('dims' in type ? type : { dtype: 'float32', dims: type }) } })),
    initializers: new Map(Object.entries(constants).map(([name, { data, dims, dtype = 'float32' }]) => [name, fromNumbers(data, dims, dtype)])),
    nodes: ops.map(([opType, reads, writes, attributes = {}, domain = '']): Node => {
      const names = typeof writes === 'string' ? [writes] : writes
      return { name: `${opType} to ${names[0]}`, opType, domain, inputs: reads, outputs: names, attributes: toAttributes(attributes) }
    }),
    outputs: outputs.map((name) => ({ name, type: null })),
  }
}
