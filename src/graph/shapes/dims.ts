/** @file Arithmetic on sizes that may be numbers, symbols or unknown. */
import type { Dim } from '../../contracts/model.js'

/** Broadcasts two sizes; a number above 1 wins over a symbol, because the symbol can only be 1 or that number. */
export function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b) return a
  if (a === 1) return b
  if (b === 1) return a
  if (typeof a === 'number') return a
  if (typeof b === 'number') return b
  return null
}

/** NumPy broadcasting; null when a rank is unknown. */
export function broadcast(shapes: readonly (readonly Dim[] | null)[]): Dim[] | null {
  if (shapes.some((dims) => dims === null)) return null
  const lists = shapes as readonly (readonly Dim[])[]
  const rank = Math.max(0, ...lists.map((dims) => dims.length))
  return Array.from({ length: rank }, (_, axis) => lists.reduce((size: Dim, dims) => broadcastDim(size, dims.length - rank + axis < 0 ? 1 : dims[dims.length - rank + axis]), 1))
}

type Product = { readonly factor: number; readonly symbols: readonly string[] }

function productOf(dims: readonly Dim[]): Product | null {
  let factor = 1
  const symbols: string[] = []
  for (const dim of dims) {
    if (dim === null) return null
    if (typeof dim === 'number') factor *= dim
    else symbols.push(dim)
  }
  return { factor, symbols }
}

function toDim({ factor, symbols }: Product): Dim {
  if (factor === 0 || symbols.length === 0) return factor
  return factor === 1 && symbols.length === 1 ? symbols[0] : null
}

export function multiply(dims: readonly Dim[]): Dim {
  const product = productOf(dims)
  return product && toDim(product)
}

/** Π dividend ÷ Π divisor where it is whole; symbols on both sides cancel. */
export function divide(dividend: readonly Dim[], divisor: readonly Dim[]): Dim {
  // An unknown size on both sides cancels only if it is the same one, which nobody knows.
  const above = productOf(dividend)
  const below = productOf(divisor)
  if (above === null || below === null || below.factor === 0) return null
  const symbols = [...above.symbols]
  for (const symbol of below.symbols) {
    const index = symbols.indexOf(symbol)
    if (index < 0) return null
    symbols.splice(index, 1)
  }
  const factor = above.factor / below.factor
  return Number.isInteger(factor) ? toDim({ factor, symbols }) : null
}

/** Σ of sizes; a symbol survives only beside zeros. */
export function sum(dims: readonly Dim[]): Dim {
  const rest = dims.filter((dim) => dim !== 0)
  if (rest.length === 1) return rest[0]
  return rest.every((dim) => typeof dim === 'number') ? rest.reduce((total: number, dim) => total + (dim as number), 0) : null
}

/**
 * What two statements about the same size agree on; the inferred one is believed where they contradict each other. PyTorch's exporter states the
 * example's length behind an LSTM whose inputs may have any.
 */
export const mergeDim = (inferred: Dim, stated: Dim): Dim => inferred ?? stated
