/** @file Matrix products. */
import { floatAttribute, intAttribute } from '../../src/graph/ir.js'
import { broadcastDims } from '../../src/tensor/broadcast.js'
import { input, type Kernel, type Kernels } from './kernel.js'
import { at, atBroadcast, build, sameElements, type Index } from './tensor.js'

/** NumPy's matmul: vectors become a row or a column and lose that axis again, leading axes broadcast. */
const matMul: Kernel = (call) => {
  const [left, right] = [input(call, 0), input(call, 1)]
  const a = left.dims.length === 1 ? sameElements(left, [1, ...left.dims]) : left
  const b = right.dims.length === 1 ? sameElements(right, [...right.dims, 1]) : right
  const [rows, inner] = a.dims.slice(-2)
  const [innerOfB, columns] = b.dims.slice(-2)
  const batch = broadcastDims(a.dims.slice(0, -2), b.dims.slice(0, -2))
  if (inner !== innerOfB || batch === null) throw new Error(`[${left.dims.join(', ')}] × [${right.dims.join(', ')}] do not match`)
  const product = build([...batch, rows, columns], left.dtype, (index) => {
    const lead = index.slice(0, -2)
    const [i, j] = index.slice(-2)
    let total = 0
    for (let k = 0; k < inner; k++) total += atMatrix(a, lead, i, k) * atMatrix(b, lead, k, j)
    return total
  })
  return sameElements(product, [...batch, ...(left.dims.length === 1 ? [] : [rows]), ...(right.dims.length === 1 ? [] : [columns])])
}

/** Element (i, j) of the matrix that broadcasting the leading axes puts at `lead`; the matrix axes themselves never broadcast. */
function atMatrix(tensor: Parameters<typeof at>[0], lead: Index, i: number, j: number): number {
  const own = tensor.dims.slice(0, -2)
  const offset = lead.length - own.length
  return at(tensor, [...own.map((dim, axis) => (dim === 1 ? 0 : lead[offset + axis])), i, j])
}

/** alpha · A′B′ + beta · C */
const gemm: Kernel = (call) => {
  const [a, b, c] = [input(call, 0), input(call, 1), call.inputs[2]]
  const alpha = floatAttribute(call.node, 'alpha', 1)
  const beta = floatAttribute(call.node, 'beta', 1)
  const transA = intAttribute(call.node, 'transA', 0) !== 0
  const transB = intAttribute(call.node, 'transB', 0) !== 0
  const [rows, inner] = transA ? [a.dims[1], a.dims[0]] : a.dims
  const columns = transB ? b.dims[0] : b.dims[1]
  return build([rows, columns], a.dtype, (index) => {
    const [i, j] = index
    let total = 0
    for (let k = 0; k < inner; k++) total += at(a, transA ? [k, i] : [i, k]) * at(b, transB ? [j, k] : [k, j])
    return alpha * total + (c === undefined ? 0 : beta * atBroadcast(c, index))
  })
}

export const matmul: Kernels = { MatMul: matMul, Gemm: gemm }
