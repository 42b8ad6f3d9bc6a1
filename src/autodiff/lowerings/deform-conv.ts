/** @file Deformable convolution (Zhu et al., Deformable ConvNets v2, 2019): samples at moved places, then a matrix product. */
import { intAttribute, intsAttribute } from '../../graph/ir.js'
import type { NodeContext } from '../node-context.js'
import type { LoweringTable } from './lowering.js'
import { lastOf, linearTaps, productOf, reshaped, sizeName, upTo, weighTaps, zerosOutside } from './sampling.js'

/** x [N, C, H, W], W [O, C/group, kh, kw], offset [N, offsets·kh·kw·2, H', W'], bias [O], mask [N, offsets·kh·kw, H', W'] → [N, O, H', W'] */
function deformConv(c: NodeContext): string[] {
  const e = c.emitter
  const [x, weights, offset, bias, mask] = [0, 1, 2, 3, 4].map((i) => c.input(i))
  const [group, parts] = [intAttribute(c.node, 'group', 1), intAttribute(c.node, 'offset_group', 1)]
  const kernel = kernelOf(c)
  const taps = kernel[0] * kernel[1]
  if (c.rank(x) !== 4) throw c.refuse('it is not two-dimensional, which no runtime supports. Use a black-box method for this model.')
  const [rows, channels] = [e.size(x, 0), e.size(x, 1)]
  const [sizes, out] = [[e.size(x, 2), e.size(x, 3)], [e.size(offset, 2), e.size(offset, 3)]]
  const area = productOf(c, out)
  const [batch, points] = [productOf(c, [rows, parts]), productOf(c, [taps, area])]
  const perPart = divided(c, channels, parts)

  const moves = reshaped(c, offset, [batch, taps, 2, area])
  const axes = sizes.map((size, axis) => {
    const move = reshaped(c, c.emit('Slice', [moves, e.ints([axis]), e.ints([axis + 1]), e.ints([2])]), [batch, points])
    const at = e.add(move, undisplaced(c, axis, kernel, out, points))
    const last = lastOf(c, size, at)
    return linearTaps(c, at, (place) => zerosOutside(c, place, last))
  })
  const samples = weighTaps(c, x, { batch, channels: perPart, sizes, points }, axes) // [N·parts, taps·area, C/parts]
  const counted = mask === '' ? samples : e.mul(samples, reshaped(c, mask, [batch, points, 1]))
  const columns = reshaped(c, c.emit('Transpose', [counted], { perm: [0, 2, 1] }), [rows, group, productOf(c, [divided(c, channels, group), taps]), area])
  const filters = e.size(weights, 0)
  const matrix = reshaped(c, weights, [group, divided(c, filters, group), productOf(c, [e.size(weights, 1), taps])])
  const y = reshaped(c, c.emit('MatMul', [matrix, columns]), [rows, filters, ...out])
  return [bias === '' ? y : e.add(y, reshaped(c, bias, [filters, 1, 1]))]
}

function kernelOf(c: NodeContext): readonly number[] {
  const stated = intsAttribute(c.node, 'kernel_shape', null) ?? c.dims(c.input(1))?.slice(2)
  if (!stated?.every((size) => typeof size === 'number')) throw c.refuse('the size of its kernel is unknown, which the gradient needs. Export the model with kernel_shape or fixed weight shapes.')
  return stated
}

const divided = (c: NodeContext, size: number | string, by: number): number | string => (typeof size === 'number' ? size / by : c.emitter.div(size, c.emitter.ints([by])))

/** [taps·area]: where each tap of each window lies on an axis when nothing moves it. */
function undisplaced(c: NodeContext, axis: number, kernel: readonly number[], out: readonly (number | string)[], points: number | string): string {
  const e = c.emitter
  const [stride, dilation, pad] = [intsAttribute(c.node, 'strides', [1, 1])[axis], intsAttribute(c.node, 'dilations', [1, 1])[axis], intsAttribute(c.node, 'pads', [0, 0, 0, 0])[axis]]
  const along = (name: string, at: number) => c.emit('Reshape', [name, e.ints([0, 1, 2, 3].map((i) => (i === at ? -1 : 1)))])
  const windows = e.sub(e.mul(along(upTo(c, out[axis]), axis + 2), e.ints([stride])), e.ints([pad]))
  const within = along(e.ints(Array.from({ length: kernel[axis] }, (_, i) => i * dilation)), axis)
  const whole = c.emit('Expand', [e.add(windows, within), e.joinInts([...kernel, ...out])])
  return e.cast(c.emit('Reshape', [whole, sizeName(c, points)]), c.dtype(c.x))
}

export const deformable = { DeformConv: deformConv } satisfies LoweringTable
