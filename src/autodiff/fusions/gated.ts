/** @file Activations of the form x·g(x): Gelu with erf or tanh, as an operator or in the pieces that exporters write, and Swish. */
import { stringAttribute, type Graph, type Node } from '../../graph/ir.js'
import { isFloat } from '../../tensor/dtypes.js'
import { Emitter } from '../emitter.js'
import { GraphReader } from './graph-reader.js'
import type { Shortcut } from './shortcut.js'

type Kind = { readonly kind: 'erf' | 'tanh'; readonly x: string } | { readonly kind: 'swish'; readonly x: string; readonly gate: string; readonly rate: number }

/** Writes every Gelu so that its gradient shares what the forward pass computed, and gives the shortcuts. */
export function shareGates(graph: Graph, kept: ReadonlySet<string>): { graph: Graph; shortcuts: Map<string, Shortcut> } {
  const shortcuts = new Map<string, Shortcut>()
  const e = new Emitter(graph, { empty: true })
  const reader = new GraphReader(e, kept)
  for (const node of e.graph.nodes) {
    const found = recognise(reader, node)
    const y = node.outputs[0]
    const dtype = found && e.knownDtype(found.x)
    if (!found || !dtype || !isFloat(dtype) || e.rank(found.x) !== e.rank(y)) e.keep(node)
    else if (found.kind === 'swish') {
      e.keep(node)
      shortcuts.set(y, swish(y, found))
    } else {
      const { gate, shortcut } = (found.kind === 'erf' ? geluByErf : geluByTanh)(e, found.x, y)
      e.keep({ name: y, opType: 'Mul', domain: '', inputs: [found.x, gate], outputs: [y], attributes: new Map() })
      shortcuts.set(y, shortcut)
    }
  }
  return shortcuts.size === 0 ? { graph, shortcuts } : { graph: { ...e.builder.build(), outputs: graph.outputs }, shortcuts }
}

function recognise(reader: GraphReader, node: Node): Kind | null {
  const [y] = node.outputs
  if (node.domain !== '') return null
  if (node.opType === 'Gelu') return { kind: stringAttribute(node, 'approximate', 'none') === 'tanh' ? 'tanh' : 'erf', x: node.inputs[0] }
  if (node.opType !== 'Mul' && node.opType !== 'Div') return null
  const { values, number } = reader.factors(y)
  if (values.length !== 2) return null
  for (const [x, gate] of [values, [values[1], values[0]]]) {
    const found = gateOf(reader, x, gate, number)
    if (found) return found
  }
  return null
}

/** What number·x·gate is. */
function gateOf(reader: GraphReader, x: string, gate: string, number: number): Kind | null {
  const sigmoid = reader.isKept(gate) ? null : reader.maker(gate, 'Sigmoid')
  if (sigmoid && number === 1) {
    const rate = reader.polynomial(sigmoid.inputs[0], x)
    return rate?.length === 2 && rate[0] === 0 ? { kind: 'swish', x, gate, rate: rate[1] } : null
  }
  const rise = reader.isPrivate(gate) ? reader.maker(gate, 'Add') : null
  const bent = rise?.inputs.find((name) => reader.isPrivate(name) && reader.maker(name, 'Erf', 'Tanh'))
  if (!rise || !bent || !isNear(number, 0.5) || !rise.inputs.some((name) => reader.scalar(name) === 1)) return null
  const curve = reader.maker(bent, 'Erf', 'Tanh')!
  const inner = reader.polynomial(curve.inputs[0], x)
  const expected = curve.opType === 'Erf' ? [0, Math.SQRT1_2] : [0, TANH_SCALE, 0, TANH_SCALE * TANH_CUBE]
  if (inner?.length !== expected.length || !inner.every((value, i) => isNear(value, expected[i]))) return null
  return { kind: curve.opType === 'Erf' ? 'erf' : 'tanh', x }
}

/** Exporters round the constants of the formulas to float32. */
const isNear = (value: number, expected: number): boolean => Math.abs(value - expected) <= 1e-6 * Math.abs(expected)

const TANH_SCALE = Math.sqrt(2 / Math.PI)
const TANH_CUBE = 0.044715

type Written = { readonly gate: string; readonly shortcut: Shortcut }

/** y = x·Φ(x): dX = dY·(Φ(x) + x·φ(x)), where φ(x) = exp(−x²/2 − ½·log 2π). */
function geluByErf(e: Emitter, x: string): Written {
  const z = e.mul(x, e.scalar(Math.SQRT1_2, x))
  const gate = e.add(e.mul(e.emit('Erf', [z]), e.scalar(0.5, x)), e.scalar(0.5, x))
  const gradient: Shortcut['gradient'] = (later, dy) => {
    const density = later.emit('Exp', [later.sub(later.scalar(-0.5 * Math.log(2 * Math.PI), x), later.mul(z, z))])
    return later.mul(dy, later.add(gate, later.mul(x, density)))
  }
  return { gate, shortcut: { input: x, gradient } }
}

/** Beyond this x² the gate is 0 or 1 in every float type; what grows with x is held there, so that nothing times infinity arises. */
const LARGEST_SQUARE = 36

/** y = x·σ(v·x), v = a + b·x²: dX = dY·(σ + y·(1 − σ)·(a + 3b·x²)). This is ½·x·(1 + tanh u) with u = v·x / 2. */
function geluByTanh(e: Emitter, x: string, y: string): Written {
  const [a, b] = [2 * TANH_SCALE, 2 * TANH_SCALE * TANH_CUBE]
  const square = e.emit('Min', [e.mul(x, x), e.scalar(LARGEST_SQUARE, x)])
  const affine = (at: Emitter, slope: number) => at.add(at.mul(square, at.scalar(slope, x)), at.scalar(a, x))
  const gate = e.emit('Sigmoid', [e.mul(x, affine(e, b))])
  const gradient: Shortcut['gradient'] = (later, dy) => {
    const bend = later.mul(later.mul(y, later.sub(later.scalar(1, x), gate)), affine(later, 3 * b))
    return later.mul(dy, later.add(gate, bend))
  }
  return { gate, shortcut: { input: x, gradient } }
}

/** y = x·σ(r·x): dX = dY·(σ + r·y·(1 − σ)). */
function swish(y: string, { x, gate, rate }: { readonly x: string; readonly gate: string; readonly rate: number }): Shortcut {
  const gradient: Shortcut['gradient'] = (e, dy) => {
    const bend = e.mul(y, e.sub(e.scalar(1, x), gate))
    return e.mul(dy, e.add(gate, rate === 1 ? bend : e.mul(e.scalar(rate, x), bend)))
  }
  return { input: x, gradient }
}
