/** @file Cases of Fourier transforms. */
import { refTensor } from '../../reference/index.js'
import { fed, fixed, type CaseMaker, type CaseTable } from '../operator-case.js'

const number = (value: number) => fixed(refTensor([], [value], 'int64'))

type Kind = { readonly inverse: 0 | 1; readonly onesided: 0 | 1 }

/** Any axis but the last, of a signal that may be shorter or longer than what is transformed. */
const dft = ({ inverse, onesided }: Kind, opsets: readonly number[]): CaseMaker => (random) => {
  const opset = random.pick(opsets)
  const rank = random.integer(2, 4)
  const axis = random.integer(0, rank - 2)
  const isReal = inverse + onesided === 2
  const length = random.integer(1, 7)
  // Runtimes differ where the frequencies of one side are fewer or more than its signal has.
  const size = isReal ? Math.floor(length / 2) + 1 : random.integer(1, 7)
  const parts = onesided ? 1 + inverse : random.integer(1, 2)
  const dims = [...random.list(rank - 1, (at) => (at === axis ? size : random.integer(1, 3))), parts]
  const stated = isReal || random.boolean() ? number(length) : null
  const place = random.boolean() ? axis : axis - rank
  const attributes = { ...(inverse || random.boolean() ? { inverse } : {}), ...(onesided || random.boolean() ? { onesided } : {}) }
  const isDefault = place === (opset < 20 ? 1 : -2) && random.boolean()
  if (opset < 20) return { op: 'DFT', opset, attributes: { ...attributes, ...(isDefault ? {} : { axis: place }) }, inputs: [fed(random.tensor(dims)), ...(stated ? [stated] : [])] }
  return { op: 'DFT', opset, attributes, inputs: [fed(random.tensor(dims)), ...(isDefault ? (stated ? [stated] : []) : [stated, number(place)])] }
}

const stft: CaseMaker = (random) => {
  const size = random.integer(1, 5)
  const step = random.integer(1, 4)
  const length = size + random.integer(0, 3) * step + random.integer(0, step - 1)
  const onesided = random.integer(0, 1)
  const window = random.boolean() ? fed(random.tensor([size])) : null
  const stated = window === null || random.boolean() ? [number(size)] : []
  return {
    op: 'STFT', opset: random.pick([17, 18, 21]), attributes: onesided && random.boolean() ? {} : { onesided },
    inputs: [fed(random.tensor([random.integer(1, 2), length, onesided ? 1 : random.integer(1, 2)])), number(step), ...(window || stated.length > 0 ? [window] : []), ...stated],
  }
}

export const signals: CaseTable = {
  'DFT': dft({ inverse: 0, onesided: 0 }, [17, 19, 20]),
  'DFT of one side': dft({ inverse: 0, onesided: 1 }, [17, 19, 20]),
  'DFT inverse': dft({ inverse: 1, onesided: 0 }, [17, 19, 20]),
  'DFT inverse of one side': dft({ inverse: 1, onesided: 1 }, [17, 19, 20]),
  'STFT': stft,
}
