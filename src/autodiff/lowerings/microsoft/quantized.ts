/** @file Products with weights of a few bits. */
import { intAttribute } from '../../../graph/ir.js'
import type { NodeContext } from '../../node-context.js'
import type { LoweringTable } from '../lowering.js'

/** A·Wᵀ with W [N, K] = (stored − zero point)·scale, block by block along K. Runtimes compute W once, when they load the graph. */
function matMulNBits(c: NodeContext): string[] {
  const e = c.emitter
  const [k, n] = ['K', 'N'].map((name) => intAttribute(c.node, name, 0))
  if (intAttribute(c.node, 'weight_prepacked', 0) !== 0) throw c.refuse('its weights are packed for one kind of GPU. Export the model without weight_prepacked.')
  const weights = dequantized(c, n, k)
  const product = c.emit('MatMul', [c.x, c.emit('Transpose', [weights], { perm: [1, 0] })])
  return [c.hasInput(5) ? e.add(product, c.input(5)) : product]
}

function dequantized(c: NodeContext, n: number, k: number): string {
  const e = c.emitter
  const [bits, block] = [intAttribute(c.node, 'bits', 4), intAttribute(c.node, 'block_size', 32)]
  const blocks = Math.ceil(k / block)
  const dtype = c.dtype(c.x)
  const stored = c.emit('Reshape', [digits(c, c.input(1), bits), e.ints([n, blocks * block])])
  // The group of each of the K columns: its block, unless groups are given.
  const groups = c.hasInput(4) ? c.input(4) : e.constant(Array.from({ length: k }, (_, i) => Math.floor(i / block)), 'int64')
  const perColumn = (name: string) => c.emit('Gather', [c.emit('Reshape', [name, e.ints([n, blocks])]), groups], { axis: 1 }) // [N, K]
  const columns = c.emit('Slice', [stored, e.ints([0]), e.ints([k]), e.ints([1])])
  return e.mul(e.sub(e.cast(columns, dtype), perColumn(zeroPoints(c, bits, n, blocks))), perColumn(c.input(2)))
}

/** [N, blocks] in the type of the input. */
function zeroPoints(c: NodeContext, bits: number, n: number, blocks: number): string {
  const e = c.emitter
  const dtype = c.dtype(c.x)
  if (!c.hasInput(3)) return e.constant(new Array<number>(n * blocks).fill(2 ** (bits - 1)), dtype, [n, blocks])
  if (c.dtype(c.input(3)) !== 'uint8') return c.input(3)
  const rows = c.emit('Reshape', [digits(c, c.input(3), bits), e.ints([n, -1])]) // the last byte of a row may be half empty
  return e.cast(c.emit('Slice', [rows, e.ints([0]), e.ints([blocks]), e.ints([1])]), dtype)
}

/** The numbers of a few bits that bytes hold, lowest bits first, along a new last axis. */
function digits(c: NodeContext, bytes: string, bits: number): string {
  const e = c.emitter
  if (bits === 8) return e.cast(bytes, 'float32')
  if (8 % bits !== 0) throw c.refuse(`weights of ${bits} bits do not fill bytes evenly, which is not supported. Quantize to 2, 4 or 8 bits.`)
  const base = e.constant(2 ** bits, 'float32')
  let rest = c.emit('Unsqueeze', [e.cast(bytes, 'float32'), e.ints([-1])])
  const parts: string[] = []
  for (let i = 0; i < 8 / bits; i++) {
    const above = c.emit('Floor', [e.div(rest, base)])
    parts.push(e.sub(rest, e.mul(above, base)))
    rest = above
  }
  return c.emit('Concat', parts, { axis: -1 })
}

export const quantized = { MatMulNBits: matMulNBits } satisfies LoweringTable
