/** @file One operator with drawn attributes and inputs, and the graphs that test it. */
import type { Dim } from '../../src/contracts/model.js'
import type { DType } from '../../src/contracts/tensor.js'
import type { Attributes } from '../../src/graph/builder.js'
import { GraphBuilder, toAttributes, type Graph, type Node, type ValueInfo } from '../../src/graph/index.js'
import { isFloat } from '../../src/tensor/dtypes.js'
import { interpret, refTensor, toTensor, type RefTensor } from '../reference/index.js'
import type { Random } from './random.js'

export type CaseInput = {
  readonly tensor: RefTensor
  /** An initializer instead of an input of the graph. */
  readonly constant: boolean
  /** Its sizes are stated even where others are symbolic: exporters know the shapes of weights. */
  readonly parameter?: boolean
}

export type OperatorCase = {
  readonly op: string
  readonly opset: number
  readonly attributes?: Attributes
  /** null is an absent optional input. */
  readonly inputs: readonly (CaseInput | null)[]
  readonly outputs?: number
}

/** Draws a case; the key of a table names what is special about it. */
export type CaseMaker = (random: Random) => OperatorCase
export type CaseTable = Readonly<Record<string, CaseMaker>>

export const fed = (tensor: RefTensor): CaseInput => ({ tensor, constant: false })
export const parameter = (tensor: RefTensor): CaseInput => ({ tensor, constant: false, parameter: true })
export const fixed = (tensor: RefTensor): CaseInput => ({ tensor, constant: true })
export const int64s = (values: readonly number[]): CaseInput => fixed(refTensor([values.length], values, 'int64'))

export const OPSETS = [13, 17, 21]

/** How much the graph says of the shapes of its inputs: sizes, the number of axes with a name for each size, or not even that. */
export type Shapes = 'static' | 'symbolic' | 'unknown'

export type GraphAndFeeds = { readonly graph: Graph; readonly feeds: Map<string, RefTensor> }

/** The operator alone; its outputs are y0, y1, … */
export function forwardGraph(one: OperatorCase, shapes: Shapes = 'static'): GraphAndFeeds {
  const names = one.inputs.map((given, i) => (given === null ? '' : `x${i}`))
  const fedInputs = one.inputs.flatMap((given, i): { name: string; tensor: RefTensor; shapes: Shapes }[] => (given === null || given.constant ? [] : [{ name: names[i], tensor: given.tensor, shapes: given.parameter ? 'static' : shapes }]))
  const outputs = Array.from({ length: one.outputs ?? 1 }, (_, i) => `y${i}`)
  const node: Node = { name: one.op.toLowerCase(), opType: one.op, domain: '', inputs: names, outputs, attributes: toAttributes(one.attributes ?? {}) }
  const graph: Graph = {
    name: 'case',
    inputs: fedInputs.map(({ name, tensor, shapes }) => valueInfo(name, tensor, shapes)),
    overridable: [],
    outputs: outputs.map((name) => ({ name, type: null })),
    nodes: [node],
    initializers: new Map(one.inputs.flatMap((given, i) => (given?.constant ? [[names[i], toTensor(given.tensor)] as const] : []))),
    sparseInitializers: new Map(),
    valueInfo: new Map(),
    opsets: new Map([['', one.opset]]),
  }
  return { graph, feeds: new Map(fedInputs.map(({ name, tensor }) => [name, tensor])) }
}

/** The weight of an output's elements: the incoming gradient of a vector-Jacobian product. */
export type Weigh = (output: RefTensor, index: number) => RefTensor

export const randomWeights = (random: Random): Weigh => ({ dims, dtype }) => random.between(dims, -1, 1, dtype)

/** Adds an output `objective` [elements]: every element of the graph's float outputs times its weight, fed as w0, w1, …; its gradient is a full vector-Jacobian product. */
export function withObjective({ graph, feeds }: GraphAndFeeds, weigh: Weigh, shapes: Shapes = 'static'): GraphAndFeeds {
  const results = interpret(graph, feeds)
  const builder = new GraphBuilder(graph)
  const weights = new Map(feeds)
  const parts = graph.outputs.flatMap(({ name }, i) => {
    const result = results.get(name) as RefTensor
    if (!isFloat(result.dtype)) return []
    const weight = weigh(result, i)
    weights.set(`w${i}`, weight)
    builder.input(valueInfo(`w${i}`, weight, shapes))
    return [{ flat: builder.add('Reshape', [builder.add('Mul', [name, `w${i}`]), builder.shape([-1])]), dtype: result.dtype }]
  })
  const inOneType = parts.map(({ flat, dtype }) => (dtype === parts[0].dtype ? flat : builder.add('CastLike', [flat, parts[0].flat])))
  const objective = parts.length === 1 ? parts[0].flat : builder.add('Concat', inOneType, { axis: 0 })
  builder.nodes.push({ name: 'objective', opType: 'Identity', domain: '', inputs: [objective], outputs: ['objective'], attributes: new Map() })
  builder.output({ name: 'objective', type: { kind: 'tensor', dtype: parts[0].dtype, dims: [shapes !== 'static' ? 'elements' : parts.reduce((n, _, i) => n + (weights.get(`w${i}`)?.data.length ?? 0), 0)] } })
  return { graph: builder.build(), feeds: weights }
}

function valueInfo(name: string, { dims, dtype }: { dims: readonly number[]; dtype: DType }, shapes: Shapes): ValueInfo {
  const stated: Dim[] | null = shapes === 'unknown' ? null : dims.map((dim, axis) => (shapes === 'static' ? dim : `${name}_${axis}`))
  return { name, type: { kind: 'tensor', dtype, dims: stated } }
}
