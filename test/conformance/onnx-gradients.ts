/** @file Gradients of the ONNX project's own cases, against central differences of the reference interpreter. */
import { differentiate } from '../../src/autodiff/index.js'
import type { Graph, ValueInfo } from '../../src/graph/index.js'
import { isFloat } from '../../src/tensor/dtypes.js'
import { randomStream, type RandomStream } from '../../src/tensor/random.js'
import { interpret, interpretable, refTensor, toTensor, type RefTensor } from '../reference/index.js'
import { isTensor, onnxCases, type OnnxCase } from '../reference/onnx-cases.js'
import { BOUND, NO_RULE, NUDGED, SETTINGS, UNCHECKED } from './onnx-gradient-exceptions.js'
import { withObjective, type Shapes } from './operator-case.js'

const RELATIVE = 1e-3
const ABSOLUTE = 1e-5
const STEP = 1e-5
/** Up to so many elements every partial derivative is compared; beyond, the gradient along a few directions, along one in bodies written out by ONNX. */
const EVERY_ELEMENT = 64
const DIRECTIONS = 3
const NUDGE = 0.01

export type CaseOptions = {
  /** Inputs that no gradient is asked of. */
  readonly without?: readonly string[]
  /** Raises every float by a little of its own, at most 0.01, so that none is at a tie, a kink, a jump or the edge of a domain. */
  readonly nudged?: boolean
  /** Inputs that no gradient is asked of become initializers, as exporters write shapes, axes and pads. */
  readonly bound?: boolean
}

const known = new Set(interpretable)
const withoutRule = new Set(Object.values(NO_RULE).flat())
const nudged = new Set(Object.values(NUDGED).flat())

export const floatCases = onnxCases.filter(({ floats }) => floats)

/** Why the gradients of a float case are not compared; null where they are. */
export function whyUnchecked({ name, uses }: OnnxCase): string | null {
  const [ruleless, unread] = [uses.filter((op) => withoutRule.has(op)), uses.filter((op) => !known.has(op))]
  if (ruleless.length > 0) return `there is no gradient of ${ruleless.join(', ')}`
  if (unread.length > 0) return `the reference has no ${unread.join(', ')}`
  return Object.entries(UNCHECKED).find(([, names]) => names.includes(name))?.[0] ?? null
}

/** Whether every operator of a case has a kernel and, for all that is listed, a rule. */
export const isReadable = ({ uses }: OnnxCase): boolean => uses.every((op) => known.has(op) && !withoutRule.has(op))

/** Cases whose gradients are compared. */
export const checkedCases = floatCases.filter((one) => whyUnchecked(one) === null)

export const optionsOf = ({ name, operator }: OnnxCase): CaseOptions => ({ without: SETTINGS[operator]?.inputs, nudged: nudged.has(name), bound: operator in BOUND })

/** A case ready to be differentiated: its graph with an objective, values, and the inputs that gradients are wanted of. */
export type GradientCase = { readonly graph: Graph; readonly feeds: ReadonlyMap<string, RefTensor>; readonly wanted: readonly string[]; readonly random: RandomStream }

/** null where nothing float goes in or comes out as a tensor. */
export function prepare(one: OnnxCase, options: CaseOptions = {}): GradientCase | null {
  const random = randomStream(0, one.name)
  if (![...one.inputs(), ...one.outputs()].every(isTensor)) return null
  const values = [...one.feeds()].map(([name, value], i) => [name, options.nudged ? nudge(value as RefTensor, random, i) : (value as RefTensor)] as const)
  const wanted = values.flatMap(([name, { data, dtype }]) => (isFloat(dtype) && data.length > 0 && !options.without?.includes(name) ? [name] : []))
  if (wanted.length === 0) return null
  const graph = options.bound ? bind(one.graph(), values.filter(([name]) => !wanted.includes(name))) : one.graph()
  // What is not finite has no differences.
  const weight = ({ dims, dtype, data }: RefTensor, output: number) => refTensor(dims, data.map((y, i) => (Number.isFinite(y) ? 2 * random(i, 1000 + output) - 1 : 0)), dtype)
  return { ...withObjective({ graph, feeds: new Map(values) }, weight), wanted, random }
}

const nudge = (value: RefTensor, random: RandomStream, input: number): RefTensor =>
  isFloat(value.dtype) ? refTensor(value.dims, value.data.map((x, i) => x + NUDGE * (0.1 + 0.9 * random(i, 2000 + input))), value.dtype) : value

function bind(graph: Graph, values: readonly (readonly [string, RefTensor])[]): Graph {
  const bound = new Map(values.map(([name, value]) => [name, toTensor(value)]))
  return { ...graph, inputs: graph.inputs.filter(({ name }) => !bound.has(name)), initializers: new Map([...graph.initializers, ...bound]) }
}

/** The gradients by input, in float64. */
export function gradientsOf({ graph, feeds, wanted }: GradientCase): Map<string, RefTensor> {
  const gradient = differentiate(graph, { objective: { output: 'objective' }, withRespectTo: wanted })
  const results = interpret(gradient, fedTo(gradient, feeds))
  return new Map([...gradient.gradients].map(([name, output]) => [name, results.get(output) as RefTensor]))
}

export const fedTo = (graph: Graph, feeds: ReadonlyMap<string, RefTensor>): Map<string, RefTensor> => new Map([...feeds].filter(([name]) => graph.inputs.some((info) => info.name === name)))

/** Where gradients and central differences disagree, in sentences. */
export function disagreements(one: GradientCase, expanded: boolean): string[] {
  const gradients = gradientsOf(one)
  const { feeds, wanted, random } = one
  const wrong: string[] = []
  for (const name of wanted) {
    const [value, gradient] = [feeds.get(name), gradients.get(name)] as [RefTensor, RefTensor]
    if (gradient.dtype !== value.dtype || gradient.dims.join() !== value.dims.join()) wrong.push(`the gradient of ${name} is ${gradient.dtype} [${gradient.dims.join(', ')}]`)
  }
  if (wrong.length > 0) return wrong
  const compare = (what: string, name: string, direction: Float64Array) => {
    const expected = slopeAlong(one, name, direction)
    const actual = (gradients.get(name) as RefTensor).data.reduce((total, entry, i) => (direction[i] === 0 ? total : total + entry * direction[i]), 0)
    if (!(Math.abs(actual - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected))) wrong.push(`${what}: ${actual}, central differences say ${expected}`)
  }
  const values = wanted.map((name) => [name, (feeds.get(name) as RefTensor).data] as const)
  const elements = values.reduce((total, [, { length }]) => total + length, 0)
  for (const [input, [name, data]] of values.entries()) {
    if (!expanded && elements <= EVERY_ELEMENT) data.forEach((x, i) => { if (Number.isFinite(x)) compare(`${name}[${i}]`, name, data.map((_, at) => Number(at === i))) })
    else for (let n = 0; n < (expanded ? 1 : DIRECTIONS); n++) compare(`${name}, direction ${n}`, name, data.map((x, i) => (Number.isFinite(x) ? (random(i, 3000 + 100 * n + input) < 0.5 ? -1 : 1) : 0)))
  }
  return wrong
}

/** (f(x + h·d) − f(x − h·d)) / 2h with f = Σ objective, over the elements that change. */
function slopeAlong({ graph, feeds }: GradientCase, name: string, direction: Float64Array): number {
  const { dims, data, dtype } = feeds.get(name) as RefTensor
  const at = (step: number) => (interpret(graph, fedTo(graph, new Map([...feeds, [name, refTensor(dims, data.map((x, i) => x + step * direction[i]), dtype)]])), { fetch: ['objective'] }).get('objective') as RefTensor).data
  const [above, below] = [at(STEP), at(-STEP)]
  return above.reduce((total, value, i) => (Object.is(value, below[i]) ? total : total + (value - below[i])), 0) / (2 * STEP)
}

/** The case with less said about the shapes of what is fed and made. */
export function withShapes(one: GradientCase, shapes: Shapes): GradientCase {
  const less = (info: ValueInfo): ValueInfo => {
    if (info.type?.kind !== 'tensor') return info
    const dims = shapes === 'unknown' ? null : (info.type.dims?.map((_, axis) => `${info.name}_${axis}`) ?? null)
    return { ...info, type: { ...info.type, dims } }
  }
  const objective = (info: ValueInfo): ValueInfo => (info.name === 'objective' ? { ...info, type: { kind: 'tensor', dtype: 'float32', dims: ['elements'], ...(info.type?.kind === 'tensor' ? { dtype: info.type.dtype } : {}) } } : less(info))
  return { ...one, graph: { ...one.graph, inputs: one.graph.inputs.map(less), outputs: one.graph.outputs.map(objective), valueInfo: new Map() } }
}
