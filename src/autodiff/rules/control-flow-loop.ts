/** @file The gradient of Loop. */
import type { Graph, ValueInfo } from '../../graph/ir.js'
import { ancestorsOf, freeVariables, prune, reaches } from '../../graph/walk.js'
import { toAttributes, type Attributes } from '../../graph/builder.js'
import { isFloat } from '../../tensor/dtypes.js'
import { bodyOf, closeBody, emitControl, lowerBody, openBody, randomValueIn, sumSeeds } from '../body.js'
import { Emitter } from '../emitter.js'
import type { RuleContext } from '../rule.js'
import { productOfTurns, turnProduct } from './control-flow-products.js'
import { recordTurns, type Carried } from './control-flow-record.js'
import { joinSlices, reversed, takeSlices } from './control-flow-slices.js'

/**
 * The forward Loop also records what the carried values were when each turn began. A second Loop runs the turns in reverse: it computes the
 * body again from that record, and applies the body's vector-Jacobian product. It carries the gradients of the carried values and, for each
 * captured value, the sum so far; of a captured value that the body only takes slice after slice of, it gives the gradient of each slice, and
 * of one that it multiplies with, the factors of the gradient.
 *
 * @returns the gradients of the first values by the position of the input, of captured ones by name
 */
export function loopGradients(c: RuleContext): Map<number | string, string> {
  const { emitter: e, node } = c
  const count = node.inputs.length - 2
  const body = bodyOf(e, node, 'body', { inputs: node.inputs.length, outputs: node.outputs.length + 1 })
  const [turn, condition] = body.inputs.map(({ name }) => name)
  const results = body.outputs.slice(1).map(({ name }) => name)
  const carried: Carried[] = body.inputs.slice(2).map(({ name }, i) => ({ before: name, after: results[i], input: i + 2 }))
  const scanned = results.slice(count).flatMap((name, k) => (c.hasGradient(count + k) ? [{ name, gradient: c.gradient(count + k), slice: e.builder.fresh(`probity/${name}/gradient`) }] : []))
  const { states, captured } = pathThrough(c, body, carried, scanned.map(({ name }) => name))
  if (states.length === 0 && captured.length === 0) return new Map()

  const targets = [...states.map(({ after }) => after), ...scanned.map(({ name }) => name)]
  const lowered = lowerBody(body, [...states.map(({ before }) => before), ...captured], targets, e)
  const { graph: sliced, taken } = takeSlices(lowered, turn, captured)
  const summed = captured.filter((name) => !taken.some(({ of }) => of === name) || freeVariables(sliced).has(name))

  // The body and its vector-Jacobian product; what it does not make is an input at first, and then comes from the record.
  const adjoints = states.map(({ after }) => e.builder.fresh(`probity/${after}/gradient`))
  const info = (name: string, like: string): ValueInfo => ({ name, type: lowered.type(like) })
  const inner = new Emitter({
    ...sliced,
    inputs: [...sliced.inputs, ...states.map(({ after }, i) => info(adjoints[i], after)), ...scanned.map(({ name, slice }) => info(slice, name)), ...taken.map(({ slice }) => info(slice, slice))],
  }, { outer: e })
  const seeds = sumSeeds(inner, [...states.map(({ after }, i) => [after, adjoints[i]] as const), ...scanned.map(({ name, slice }) => [name, slice] as const)])
  const parts = c.backpropagate(inner, seeds, [...states.map(({ before }) => before), ...summed, ...taken.map(({ slice }) => slice)])
  const products = summed.flatMap((name) => turnProduct(inner, name, parts.get(name)) ?? [])
  const accumulated = summed.filter((name) => parts.has(name) && !products.some(({ value }) => value === name))
  const slices = taken.filter(({ slice }) => parts.has(slice))
  const sums = accumulated.map((name) => e.builder.fresh(`probity/${name}/gradient`))
  const product = closeBody(inner, inner.graph.inputs, [
    ...states.map(({ before }) => parts.get(before) ?? inner.zerosLike(before)),
    ...accumulated.map((name, i) => inner.add(sums[i], parts.get(name) ?? '')),
    ...slices.map(({ slice }) => parts.get(slice) ?? ''),
    ...products.flatMap(({ left, right }) => [left, right]),
  ])
  const random = randomValueIn(product)
  if (random !== null) throw c.refuse(`its body makes the random value "${random}", which its gradient cannot make again. Export the model for inference.`)

  const needed = new Set(prune(product).inputs.map(({ name }) => name))
  const record = recordTurns(c, body, carried.filter(({ before }) => needed.has(before)))
  const [backTurn, goOn, stillOn] = ['turn', 'condition', 'condition'].map((hint) => e.builder.fresh(`probity/${hint}`))
  const prologue = openBody(e, `${body.name}/gradient`, [{ name: backTurn, type: { kind: 'tensor', dtype: 'int64', dims: [] } }])
  const give = (name: string, opType: string, inputs: () => readonly string[], attributes: Attributes = {}) => {
    if (needed.has(name)) prologue.keep({ name, opType, domain: '', inputs: inputs(), outputs: [name], attributes: toAttributes(attributes) })
  }
  const forwardTurn = () => prologue.sub(record.last, backTurn)
  give(turn, 'Sub', () => [record.last, backTurn])
  give(condition, 'Identity', () => [prologue.constant(1, 'bool')])
  for (const { before, values, kind } of record.values) give(before, kind === 'tensor' ? 'Gather' : 'SequenceAt', () => (kind === 'tensor' ? [reversed(e, values), backTurn] : [values, forwardTurn()]))
  for (const { gradient, slice } of scanned) give(slice, 'Gather', () => [reversed(e, gradient), backTurn])
  for (const { slice, of, axis } of taken) give(slice, 'Gather', () => [of, forwardTurn()], { axis })

  const backward: Graph = {
    ...product,
    name: `${body.name}/gradient`,
    inputs: [
      { name: backTurn, type: { kind: 'tensor', dtype: 'int64', dims: [] } },
      { name: goOn, type: { kind: 'tensor', dtype: 'bool', dims: [] } },
      ...adjoints.map((name) => ({ name, type: inner.type(name) })),
      ...sums.map((name, i) => ({ name, type: e.type(accumulated[i]) })),
    ],
    initializers: new Map([...product.initializers, ...prologue.builder.initializers]),
    nodes: [{ name: stillOn, opType: 'Identity', domain: '', inputs: [goOn], outputs: [stillOn], attributes: new Map() }, ...prologue.builder.nodes, ...product.nodes],
    outputs: [{ name: stillOn, type: { kind: 'tensor', dtype: 'bool', dims: [] } }, ...product.outputs],
  }
  const start = [...states.map(({ input }) => c.gradient(input - 2)), ...accumulated.map((name) => e.zerosLike(name))]
  const gradients = emitControl(e, 'Loop', [record.turns, '', ...start], { body: backward }, start.length + slices.length + 2 * products.length)
  const found = new Map<number | string, string>()
  states.forEach(({ input }, i) => found.set(input, e.describe(gradients[i], e.type(c.input(input)))))
  accumulated.forEach((name, i) => found.set(name, e.describe(gradients[states.length + i], e.type(name))))
  const contribute = (name: string, gradient: string) => {
    const other = found.get(name)
    found.set(name, other === undefined ? gradient : e.add(other, gradient))
  }
  const scans = gradients.slice(start.length)
  slices.forEach((one, i) => contribute(one.of, joinSlices(e, reversed(e, scans[i]), one, record.turns)))
  products.forEach((one, i) => contribute(one.value, productOfTurns(e, scans[slices.length + 2 * i], scans[slices.length + 2 * i + 1], one)))
  return found
}

/** The carried values and the captured ones through which something flows from what the gradient is asked for to a result that has one. */
function pathThrough(c: RuleContext, body: Graph, carried: readonly Carried[], scanned: readonly string[]): { states: Carried[]; captured: string[] } {
  const captured = [...freeVariables(body)].filter(c.isActive)
  const active = grow(carried.filter(({ input }) => c.isActive(c.input(input))), carried, (found) => {
    const reached = reaches(body, [...captured, ...found.map(({ before }) => before)])
    return ({ after }) => reached.has(after)
  }).filter(({ input }) => isFloat(c.emitter.dtype(c.input(input))))
  const useful = grow(active.filter(({ input }) => c.hasGradient(input - 2)), active, (found) => {
    const needed = ancestorsOf(body, [...scanned, ...found.map(({ after }) => after)])
    return ({ before }) => needed.has(before)
  })
  const needed = ancestorsOf(body, [...scanned, ...useful.map(({ after }) => after)])
  return { states: carried.filter((value) => useful.includes(value)), captured: captured.filter((name) => needed.has(name)) }
}

/** Adds to `found` what `test` says until nothing more comes. */
function grow(found: readonly Carried[], among: readonly Carried[], test: (found: readonly Carried[]) => (value: Carried) => boolean): readonly Carried[] {
  const fits = test(found)
  const more = among.filter((value) => found.includes(value) || fits(value))
  return more.length === found.length ? found : grow(more, among, test)
}
