/**
 * @file Gives integers between a quantisation and the return to floats a float twin each, which equals them and carries the gradient:
 * Quantize → movement or integer arithmetic → Dequantize becomes Quantize → Dequantize → the same in floats. Whole numbers are exact up to 2^24.
 */
import { dtypeOfNumber } from '../graph/codec/data-types.js'
import { intAttribute, type Graph, type Node } from '../graph/ir.js'
import { isFloat } from '../tensor/dtypes.js'
import { Emitter } from './emitter.js'
import { NodeContext, noGradient } from './node-context.js'
import { CONSTANT_OPS } from './rules/operators.js'
import { alongAxis, isQuantizer } from './rules/quantization.js'

/** Operators that mean the same on whole numbers in floats, and which of their inputs are values; null for all. */
const SAME_IN_FLOATS: ReadonlyMap<string, readonly number[] | null> = new Map<string, readonly number[] | null>([
  ...['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Slice', 'Split', 'Gather', 'GatherElements', 'GatherND', 'Expand', 'Tile', 'Compress', 'ReverseSequence', 'Trilu'].map((op) => [op, [0]] as const),
  ...['MaxPool', 'DepthToSpace', 'SpaceToDepth', 'ReduceMax', 'ReduceMin', 'ReduceSum', 'Relu', 'Neg', 'Abs'].map((op) => [op, [0]] as const),
  ...['Concat', 'Add', 'Sub', 'Mul', 'Max', 'Min', 'Sum'].map((op) => [op, null] as const),
  ['Where', [1, 2]], ['Pad', [0, 2]], ['Clip', [0, 1, 2]], ['ScatterElements', [0, 2]], ['ScatterND', [0, 2]],
])

/** Shifts and masks change a quantised value, if in no way that has a gradient. */
const isConstant = ({ opType }: Node): boolean => CONSTANT_OPS.has(opType) && !opType.startsWith('Bit')

/** @param isOnPath whether a gradient may pass through a node */
export function floatTwins(graph: Graph, isOnPath: (node: Node) => boolean, outer?: Emitter): Graph {
  if (!graph.nodes.some((node) => isQuantizer(node) && isOnPath(node))) return graph
  const twins = new Twins(new Emitter(graph, { empty: true, outer }))
  for (const node of twins.emitter.graph.nodes) {
    if (isOnPath(node)) twins.visit(node)
    else twins.emitter.keep(node)
  }
  return { ...twins.emitter.builder.build(), outputs: graph.outputs }
}

class Twins {
  /** What quantisers wrote: their gradient is known without a twin. */
  readonly #quantized = new Set<string>()
  readonly #twins = new Map<string, string>()
  /** Integers made of quantised ones by an operator that has no meaning in floats. */
  readonly #lost = new Map<string, Node>()

  constructor(readonly emitter: Emitter) {}

  visit(node: Node): void {
    this.emitter.keep(node)
    if (isQuantizer(node)) this.#quantized.add(node.outputs[0])
    else if (!isConstant(node) && node.inputs.some((name) => this.#quantized.has(name) || this.#twins.has(name) || this.#lost.has(name))) this.#follow(node)
  }

  #follow(node: Node): void {
    const [x] = node.inputs
    if (node.opType === 'DequantizeLinear' && this.#quantized.has(x)) return
    const lost = node.inputs.map((name) => this.#lost.get(name)).find((maker) => maker !== undefined)
    const results = lost ? null : this.#inFloats(node)
    const returns = node.outputs.some((name) => name !== '' && isFloat(this.emitter.knownDtype(name) ?? 'float32'))
    if (returns && results === null) throw noGradient(lost ?? node, 'it computes with quantised integers in a way that has no gradient. Use a black-box method, or the model before it was quantised.')
    node.outputs.forEach((name, i) => {
      if (name === '') return
      if (returns) this.#rename(name, results![i])
      else if (results?.[i]) this.#twins.set(name, results[i])
      else this.#lost.set(name, node)
    })
  }

  /** The value under the name of the node's output, in place of the node. */
  #rename(output: string, value: string): void {
    this.emitter.builder.nodes.splice(this.emitter.builder.nodes.findLastIndex((node) => node.outputs.includes(output)), 1)
    this.emitter.keep({ name: output, opType: 'Identity', domain: '', inputs: [value], outputs: [output], attributes: new Map() })
  }

  /** The node's outputs as floats; null where it has no meaning there. */
  #inFloats(node: Node): readonly string[] | null {
    const c = new NodeContext(this.emitter, node)
    const e = this.emitter
    const attributes = Object.fromEntries(node.attributes)
    if (node.opType === 'Cast') return this.#cast(c)
    if (node.opType === 'DequantizeLinear') {
      const dtype = c.dtype(c.input(1))
      const values = c.hasInput(2) ? e.sub(this.#twinOf(c.x), e.cast(alongAxis(c, c.input(2)), dtype)) : this.#twinOf(c.x)
      return [e.mul(values, alongAxis(c, c.input(1)))]
    }
    if (node.opType === 'ConvInteger') return [c.emit('Conv', [this.#centred(c, 0, 2, 0), this.#centred(c, 1, 3, c.rank(c.input(1)) - 1)], attributes)]
    if (node.opType === 'MatMulInteger') return [c.emit('MatMul', [this.#centred(c, 0, 2, 1), this.#centred(c, 1, 3, 0)])]
    const values = node.domain === '' ? SAME_IN_FLOATS.get(node.opType) : undefined
    if (values === undefined) return null
    const inputs = node.inputs.map((name, i) => (name !== '' && (values === null || values.includes(i)) ? this.#twinOf(name) : name))
    return e.emitMany(node.opType, inputs, node.outputs.length, attributes)
  }

  /** To a float it is the twin itself; to a wider integer nothing changes. */
  #cast(c: NodeContext): readonly string[] | null {
    const to = dtypeOfNumber(intAttribute(c.node, 'to', 0))
    if (to === null) return null
    if (isFloat(to)) return [this.emitter.cast(this.#twinOf(c.x), to)]
    return to === 'int32' || to === 'int64' ? [this.#twinOf(c.x)] : null
  }

  /** value − zero point; a vector of zero points is followed by `after` axes. */
  #centred(c: NodeContext, value: number, zeroPoint: number, after: number): string {
    const e = this.emitter
    const x = this.#twinOf(c.input(value))
    if (!c.hasInput(zeroPoint)) return x
    const shift = this.#twinOf(c.input(zeroPoint))
    const dims = e.dims(shift)
    const isVector = after > 0 && dims?.length === 1 && dims[0] !== 1
    return e.sub(x, isVector ? c.emit('Unsqueeze', [shift, e.ints(Array.from({ length: after }, (_, i) => i + 1))]) : shift)
  }

  #twinOf(name: string): string {
    const known = this.#twins.get(name)
    if (known !== undefined) return known
    const e = this.emitter
    const twin = this.#quantized.has(name) ? e.emit('DequantizeLinear', [name, e.constant(1, 'float32')]) : e.cast(name, 'float32')
    this.#twins.set(name, twin)
    return twin
  }
}
