/** @file Shape rules of operators that make constants, ranges and shapes. */
import type { Dim } from '../../contracts/model.js'
import { dtypeOfNumber } from '../codec/data-types.js'
import { intAttribute, tensorAttribute } from '../ir.js'
import { multiply } from './dims.js'
import { known, knownConstant, openDims, UNKNOWN, type Rule } from './known.js'

const constant: Rule = ({ node }) => {
  for (const [name, attribute] of node.attributes) {
    if (name === 'value' && attribute.type === 'tensor') return [knownConstant(attribute.value)]
    switch (attribute.type) {
      case 'sparse-tensor': return [known(attribute.value.values.dtype, attribute.value.dims)]
      case 'int': return [known('int64', [], [Number(attribute.value)])]
      case 'ints': return [known('int64', [attribute.value.length], attribute.value.map(Number))]
      case 'float': return [known('float32', [], [attribute.value])]
      case 'floats': return [known('float32', [attribute.value.length], attribute.value)]
      case 'string': return [known('string', [])]
      case 'strings': return [known('string', [attribute.value.length])]
    }
  }
  return [UNKNOWN]
}

const constantOfShape: Rule = ({ node, input }) => {
  const fill = tensorAttribute(node, 'value')
  const dims = input(0).values ?? openDims(input(0).dims?.[0])
  const value = fill ? knownConstant(fill) : known('float32', [], [0])
  const count = dims?.length === 0 ? 1 : dims?.length === 1 ? dims[0] : null
  return [known(value.dtype, dims, typeof count === 'number' && count <= 1024 && value.values ? new Array<Dim>(count).fill(value.values[0]) : null)]
}

const shape: Rule = ({ node, input }) => {
  const { dims } = input(0)
  if (dims === null) return [known('int64', [null])]
  const values = dims.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', dims.length))
  return [known('int64', [values.length], values)]
}

const size: Rule = ({ input }) => [known('int64', [], input(0).dims ? [multiply(input(0).dims ?? [])] : null)]

const range: Rule = ({ input }) => {
  const [start, limit, delta] = [0, 1, 2].map((i): Dim => input(i).values?.[0] ?? null)
  const dtype = input(0).dtype ?? input(1).dtype
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number' && delta !== 0) {
    const count = Math.max(0, Math.ceil((limit - start) / delta))
    return [known(dtype, [count], count <= 1024 ? Array.from({ length: count }, (_, i) => start + i * delta) : null)]
  }
  return [known(dtype, [start === 0 && delta === 1 ? limit : null])]
}

const eyeLike: Rule = ({ node, input }) => {
  const stated = intAttribute(node, 'dtype', null)
  return [known(stated === null ? input(0).dtype : dtypeOfNumber(stated), input(0).dims)]
}

const randomLike: Rule = eyeLike

export const constants: Readonly<Record<string, Rule>> = {
  Constant: constant, ConstantOfShape: constantOfShape, Shape: shape, Size: size, Range: range, EyeLike: eyeLike,
  RandomUniformLike: randomLike, RandomNormalLike: randomLike, Bernoulli: randomLike,
}
