import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { quadrature, type QuadratureMethod } from '../../src/explain/quadrature.js'

/** NumPy's rules on [−1, 1]: steps → [nodes, weights]. */
const truth = JSON.parse(readFileSync(new URL('../fixtures/explain/leggauss.json', import.meta.url), 'utf8')) as Record<string, [number[], number[]]>
const integral = (method: QuadratureMethod, steps: number, f: (x: number) => number) => {
  const { nodes, weights } = quadrature(method, steps)
  return nodes.reduce((sum, x, k) => sum + weights[k] * f(x), 0)
}

describe('Gauss–Legendre', () => {
  test.each(Object.keys(truth).map(Number))('%i nodes are NumPy\'s', (steps) => {
    const { nodes, weights } = quadrature('gauss-legendre', steps)
    const [expectedNodes, expectedWeights] = truth[steps]
    expect(nodes.length).toBe(steps)
    // NumPy's own nodes, weights and symmetry hold to a few units of the last place on [−1, 1].
    nodes.forEach((node, k) => expect(Math.abs(node - (expectedNodes[k] + 1) / 2)).toBeLessThan(1e-15))
    weights.forEach((weight, k) => expect(Math.abs(weight - expectedWeights[k] / 2)).toBeLessThan(1e-14))
  })

  test.each([1, 2, 7, 50, 64, 300, 2048])('%i weights sum to 1 and nodes ascend within (0, 1)', (steps) => {
    const { nodes, weights } = quadrature('gauss-legendre', steps)
    expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1)).toBeLessThan(1e-13)
    nodes.forEach((node, k) => expect(node).toBeGreaterThan(k === 0 ? 0 : nodes[k - 1]))
    expect(nodes[steps - 1]).toBeLessThan(1)
  })

  test.each([1, 2, 3, 8, 15])('%i nodes integrate degree 2n − 1 exactly, and degree 2n not', (steps) => {
    for (let degree = 0; degree < 2 * steps; degree++) expect(integral('gauss-legendre', steps, (x) => x ** degree)).toBeCloseTo(1 / (degree + 1), 14)
    const error = Math.abs(integral('gauss-legendre', steps, (x) => (2 * x - 1) ** (2 * steps)) - 1 / (2 * steps + 1))
    expect(error).toBeGreaterThan(1e-12)
  })
})

test.each([
  ['riemann-left', (n: number) => (n - 1) / (2 * n)],
  ['riemann-right', (n: number) => (n + 1) / (2 * n)],
  ['riemann-midpoint', () => 1 / 2],
  ['riemann-trapezoid', () => 1 / 2],
] as const)('%s: exactly n nodes, weights sum to 1, and the closed form of ∫ x', (method, closedForm) => {
  for (const steps of [2, 5, 50]) {
    const { nodes, weights } = quadrature(method, steps)
    expect(nodes.length).toBe(steps)
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 14)
    expect(integral(method, steps, (x) => x)).toBeCloseTo(closedForm(steps), 14)
  }
})

test('steps and methods that cannot be meant', () => {
  expect(() => quadrature('gauss-legendre', 0)).toThrow(/whole number ≥ 1/)
  expect(() => quadrature('gauss-legendre', 2.5)).toThrow(/whole number ≥ 1/)
  expect(() => quadrature('riemann-trapezoid', 1)).toThrow(/≥ 2/)
  expect(() => quadrature('simpson' as QuadratureMethod, 3)).toThrow(/no method simpson/)
})
