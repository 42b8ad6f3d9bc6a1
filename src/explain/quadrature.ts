/** @file Quadrature on [0, 1]: where the path of integrated gradients is sampled, and with what weight. */
import { ProbityError } from '../contracts/errors.js'

export type QuadratureMethod = 'gauss-legendre' | 'riemann-left' | 'riemann-right' | 'riemann-midpoint' | 'riemann-trapezoid'

/** `nodes` ascend in [0, 1]; `weights` sum to 1. */
export type Quadrature = { readonly nodes: Float64Array; readonly weights: Float64Array }

/**
 * A rule with exactly `steps` nodes. Gauss–Legendre integrates polynomials of degree 2·steps − 1 exactly, the others lines (midpoint, trapezoid) or constants.
 *
 * @throws ProbityError when `steps` is no whole number ≥ 1 (≥ 2 for the trapezoid rule), or there is no such method
 */
export function quadrature(method: QuadratureMethod, steps: number): Quadrature {
  const fewest = method === 'riemann-trapezoid' ? 2 : 1
  if (!Number.isSafeInteger(steps) || steps < fewest) throw new ProbityError('explain/steps', `steps must be a whole number ≥ ${fewest} for ${method}, got ${steps}`)
  switch (method) {
    case 'gauss-legendre': return gaussLegendre(steps)
    case 'riemann-left': return equidistant(steps, (k) => k / steps)
    case 'riemann-right': return equidistant(steps, (k) => (k + 1) / steps)
    case 'riemann-midpoint': return equidistant(steps, (k) => (k + 0.5) / steps)
    case 'riemann-trapezoid': return trapezoid(steps)
    default: throw new ProbityError('explain/method', `There is no method ${String(method)}: use gauss-legendre, riemann-left, riemann-right, riemann-midpoint or riemann-trapezoid`)
  }
}

/** Roots of the Legendre polynomial by Newton's method from Tricomi's estimate (Abramowitz & Stegun 1964, 22.16.6 and 25.4.29), moved from [−1, 1] to [0, 1]. */
function gaussLegendre(steps: number): Quadrature {
  const nodes = new Float64Array(steps)
  const weights = new Float64Array(steps)
  for (let k = 0; k < Math.ceil(steps / 2); k++) {
    let x = (1 - (1 - 1 / steps) / (8 * steps * steps)) * Math.cos((Math.PI * (4 * k + 3)) / (4 * steps + 2))
    // Convergence is quadratic from within 1e-3 of the root: a handful of rounds reach the last bit.
    for (let round = 0; round < 10; round++) {
      const { value, derivative } = legendre(steps, x)
      const step = value / derivative
      x -= step
      if (Math.abs(step) < 1e-16) break
    }
    if (2 * k + 1 === steps) x = 0
    const { derivative } = legendre(steps, x)
    const weight = 1 / ((1 - x * x) * derivative * derivative)
    nodes[k] = (1 - x) / 2
    nodes[steps - 1 - k] = (1 + x) / 2
    weights[k] = weights[steps - 1 - k] = weight
  }
  return { nodes, weights }
}

/** P_n and its derivative at x, |x| < 1, by the three-term recurrence. */
function legendre(n: number, x: number): { value: number; derivative: number } {
  let before = 1
  let value = x
  for (let degree = 2; degree <= n; degree++) [before, value] = [value, ((2 * degree - 1) * x * value - (degree - 1) * before) / degree]
  return { value, derivative: (n * (before - x * value)) / (1 - x * x) }
}

function equidistant(steps: number, node: (k: number) => number): Quadrature {
  return { nodes: Float64Array.from({ length: steps }, (_, k) => node(k)), weights: new Float64Array(steps).fill(1 / steps) }
}

function trapezoid(steps: number): Quadrature {
  const nodes = Float64Array.from({ length: steps }, (_, k) => k / (steps - 1))
  const weights = nodes.map((_, k) => (k === 0 || k === steps - 1 ? 0.5 : 1) / (steps - 1))
  return { nodes, weights }
}
