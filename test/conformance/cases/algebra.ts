/** @file Cases of products, running sums, Einsum and determinants. */
import { refTensor } from '../../reference/index.js'
import { fed, fixed, int64s, parameter, type CaseMaker, type CaseTable } from '../operator-case.js'
import type { Random } from '../random.js'
import { reduce } from './further.js'

/** One of them is 0, or two. */
const withZeros = (random: Random, dims: readonly number[]) => {
  const { data } = random.awayFromZero(dims)
  const zeros = random.order(data.length).slice(0, random.integer(0, 2))
  return refTensor(dims, data.map((value, i) => (zeros.includes(i) ? 0 : value)))
}

const reduceProd: CaseMaker = (random) => {
  const dims = random.dims(1, 3, 4)
  const keepdims = random.integer(0, 1)
  const x = fed(withZeros(random, dims))
  return random.pick([
    () => ({ op: 'ReduceProd', opset: random.pick([11, 13]), attributes: { axes: random.axes(dims.length, 1), keepdims }, inputs: [x] }),
    () => ({ op: 'ReduceProd', opset: random.pick([18, 21]), attributes: { keepdims }, inputs: [x, int64s([random.axis(dims.length)])] }),
    () => ({ op: 'ReduceProd', opset: 18, attributes: { keepdims }, inputs: [x] }),
    () => ({ op: 'ReduceProd', opset: 18, attributes: { noop_with_empty_axes: 1 }, inputs: [x, int64s([])] }),
  ])()
}

const cumulative = (op: string, opsets: readonly number[]): CaseMaker => (random) => {
  const dims = random.dims(1, 3, 4)
  const axis = refTensor(random.pick([[], [1]]), [random.axis(dims.length)], random.pick(['int64', 'int32']))
  return { op, opset: random.pick(opsets), attributes: { exclusive: random.integer(0, 1), reverse: random.integer(0, 1) }, inputs: [fed(op === 'CumProd' ? withZeros(random, dims) : random.tensor(dims)), fixed(axis)] }
}

/** Labels keep their size within an equation. */
const einsum = (equation: string, ellipses: readonly number[][] = []): CaseMaker => (random) => {
  const sizes = new Map<string, number>()
  const sizeOf = (label: string) => {
    if (!sizes.has(label)) sizes.set(label, random.integer(1, 3))
    return sizes.get(label) as number
  }
  const terms = equation.replaceAll(' ', '').split('->')[0].split(',')
  const inputs = terms.map((term, i) => {
    const [before, behind] = term.includes('...') ? term.split('...') : [term, '']
    return fed(random.between([...[...before].map(sizeOf), ...(term.includes('...') ? ellipses[i] : []), ...[...behind].map(sizeOf)], -1, 1))
  })
  return { op: 'Einsum', opset: random.pick([12, 13, 18]), attributes: { equation }, inputs }
}

const EQUATIONS: Readonly<Record<string, CaseMaker>> = Object.fromEntries([
  'ij,jk->ik', 'ij,jk', 'bij,bjk->bik', 'bhqd,bhkd->bhqk', 'ij->ji', 'ij->i', 'ij->', 'ij,ij->', 'i,j->ij', 'i,i->', 'i,i', 'ba', 'ii->i', 'ii', 'iij->j', 'iij->ij', 'ij,jk,kl->il', 'ij,ij,ij->i', 'ij,kl->il', ' a b , b -> a', 'Ab,bC->AC', 'ij,k->ik', ',i->i', ',', 'iii->i', 'iijj->ji', 'jii->ij',
].map((equation) => [`Einsum ${equation}`, einsum(equation)]))

const det: CaseMaker = (random) => {
  const size = random.integer(1, 4)
  return { op: 'Det', opset: random.pick([11, 18, 22]), inputs: [fed(random.between([...random.dims(0, 2), size, size], -1, 1))] }
}

/** Their gradients depend on the number of axes, which must be known. */
export const einsumWithEllipsis: CaseTable = {
  'Einsum ...ij,...jk->...ik': einsum('...ij,...jk->...ik', [[2, 3], [2, 3]]),
  'Einsum ...i,...': einsum('...i,...', [[2, 3], [2, 3]]),
  'Einsum ...ij,jk->...ik': einsum('...ij,jk->...ik', [[2, 3]]),
  'Einsum ...ij,...j with a batch of one': einsum('...ij,...j', [[2, 3], [1, 3]]),
  'Einsum i...->...': einsum('i...->...', [[2, 3]]),
  'Einsum ...ii->...i': einsum('...ii->...i', [[2]]),
}

export const algebra: CaseTable = {
  ...Object.fromEntries([reduce('ReduceLogSum')].map(([name, make]) => [name, (random: Random) => {
    const one = make(random)
    return { ...one, inputs: one.inputs.map((given, i) => (i === 0 && given ? fed(random.between(given.tensor.dims, 0.3, 2)) : given)) }
  }])),
  'ReduceProd': reduceProd,
  'ReduceProd of a long line': (random) => ({ op: 'ReduceProd', opset: 18, inputs: [parameter(random.between([2, 70], 0.9, 1.1)), int64s([1])] }),
  'CumSum': cumulative('CumSum', [11, 14, 21]),
  'CumProd': cumulative('CumProd', [26]),
  ...EQUATIONS,
  'Einsum that repeats a size of one': (random) => {
    const inputs = [random.between([2, 1], -1, 1), random.between([3, 4], -1, 1)].map(fed)
    return random.pick([{ op: 'Einsum', opset: 18, attributes: { equation: 'ij,jk->ik' }, inputs }, { op: 'Einsum', opset: 18, attributes: { equation: 'jk,ij->ik' }, inputs: [inputs[1], inputs[0]] }])
  },
  ...einsumWithEllipsis,
  'Det': det,
}
