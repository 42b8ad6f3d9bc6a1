import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fgsm, pgd, runAttack } from '../../src/attack/index.js'
import { knownModel, linearModel } from '../fixtures/known-models.js'

const numbers = (data: ArrayLike<unknown>) => Array.from(data, Number)
const f32 = (values: number[]) => values.map(Math.fround)

/** Class 0 wins where x₀ − 2·x₁ > 0; the third feature matters to nobody. */
const linear = () => linearModel([[1, -2, 0], [0, 0, 0]])
const free = [-10, 10] as const

describe('closed forms on a linear model', () => {
  test('FGSM moves every feature that matters by epsilon against its weight; sign(0) = 0', async () => {
    const { adversarial, distance } = await fgsm(linear(), { x: { data: [1, 0, 5], dims: [1, 3] } }, { target: 0, epsilon: 0.25, bounds: free })
    expect(numbers(adversarial.x.data)).toEqual([0.75, 0.25, 5])
    expect(distance[0]).toBe(0.25)
  })

  test('a row breaks exactly when its margin is under epsilon times the weights\' L1 norm', async () => {
    // margin / 3: 0.1, 0.3, 0.5
    const x = { data: [0.3, 0, 0, 0.9, 0, 0, 1.5, 0, 0], dims: [3, 3] }
    for (const attack of [fgsm, pgd]) {
      const { success, robustAccuracy, cleanPredicted, adversarialPredicted } = await attack(linear(), { x }, { target: 0, epsilon: 0.31, bounds: free })
      expect(numbers(success)).toEqual([1, 1, 0])
      expect(robustAccuracy).toBeCloseTo(1 / 3, 12)
      expect(numbers(cleanPredicted)).toEqual([0, 0, 0])
      expect(numbers(adversarialPredicted)).toEqual([1, 1, 0])
    }
  })

  test('PGD ends in the corner of the ball, whatever its start', async () => {
    const { adversarial } = await pgd(linear(), { x: { data: [1, 0, 0.5], dims: [1, 3] } }, { target: 0, epsilon: 0.25, bounds: free, mask: { data: [1, 1, 0], dims: [3] } })
    expect(numbers(adversarial.x.data)).toEqual([0.75, 0.25, 0.5])
  })

  test('steps smaller than the ball add up', async () => {
    const { adversarial } = await pgd(linear(), { x: { data: [1, 0, 0], dims: [1, 3] } }, { target: 0, epsilon: 1, stepSize: 0.125, steps: 3, randomStart: false, bounds: free })
    expect(numbers(adversarial.x.data)).toEqual([0.625, 0.375, 0])
  })

  test('bounds cut the ball', async () => {
    const { adversarial } = await fgsm(linear(), { x: { data: [0.9, 0.1, 0.5], dims: [1, 3] } }, { target: 1, epsilon: 0.25 })
    expect(numbers(adversarial.x.data)).toEqual(f32([1, 0, 0.5]))
    const perColumn = { low: { data: [0.8, 0, 0], dims: [3] }, high: { data: [0.95, 1, 1], dims: [3] } }
    const cut = await fgsm(linear(), { x: { data: [0.9, 0.1, 0.5], dims: [1, 3] } }, { target: 0, epsilon: 0.25, bounds: perColumn })
    expect(Number(cut.adversarial.x.data[0])).toBeGreaterThanOrEqual(0.8)
    expect(Number(cut.adversarial.x.data[0])).toBeCloseTo(0.8, 6)
  })

  test('scale stretches ball and step per column', async () => {
    const scale = { data: [2, 0.5, 1], dims: [3] }
    const { adversarial, distance } = await fgsm(linear(), { x: { data: [1, 0, 0], dims: [1, 3] } }, { target: 0, epsilon: 0.25, bounds: free, scale })
    expect(numbers(adversarial.x.data)).toEqual([0.5, 0.125, 0])
    expect(distance[0]).toBe(0.25)
    const steps = await pgd(linear(), { x: { data: [1, 0, 0], dims: [1, 3] } }, { target: 0, epsilon: 1, stepSize: 0.125, steps: 2, randomStart: false, bounds: free, scale })
    expect(numbers(steps.adversarial.x.data)).toEqual([0.5, 0.125, 0])
  })

  test('the margin loss goes the same way', async () => {
    const { adversarial } = await fgsm(linear(), { x: { data: [1, 0, 5], dims: [1, 3] } }, { target: 0, epsilon: 0.25, bounds: free, loss: 'margin' })
    expect(numbers(adversarial.x.data)).toEqual([0.75, 0.25, 5])
  })
})

describe('what always holds', () => {
  const model = knownModel({
    inputs: { x: 4 },
    columns: 3,
    logits: ({ x }) => [Math.sin(3 * x[0]) + x[1] * x[2], Math.cos(2 * x[3]) - x[0], x[1] - x[2] * x[3]],
    gradient: ({ x }, j) => [[3 * Math.cos(3 * x[0]), x[2], x[1], 0], [-1, 0, 0, -2 * Math.sin(2 * x[3])], [0, 1, -x[3], -x[2]]][j],
  })
  const unit = fc.float({ min: 0, max: 1, noNaN: true })
  const cases = fc.record({
    x: fc.array(unit, { minLength: 12, maxLength: 12 }),
    target: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 3, maxLength: 3 }),
    mask: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 4, maxLength: 4 }),
    scale: fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 }),
    epsilon: fc.double({ min: 0, max: 0.5, noNaN: true }),
    stepSize: fc.double({ min: 0, max: 2, noNaN: true }),
    seed: fc.nat(),
    randomStart: fc.boolean(),
  })

  test('the ball, the bounds and the mask are never left, by float32 arithmetic included', async () => {
    await fc.assert(fc.asyncProperty(cases, async ({ x, target, mask, scale, epsilon, stepSize, seed, randomStart }) => {
      const feeds = { x: { data: Float32Array.from(x), dims: [3, 4] } }
      const result = await pgd(model, feeds, { target, epsilon, stepSize, seed, randomStart, steps: 4, restarts: randomStart ? 2 : 1, mask: { data: mask, dims: [4] }, scale: { data: scale, dims: [4] } })
      const found = numbers(result.adversarial.x.data)
      found.forEach((value, i) => {
        const clean = Math.fround(x[i])
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(1)
        // Float32 numbers: their difference in double precision has no error, the radius one rounding.
        expect(Math.abs(value - clean)).toBeLessThanOrEqual(epsilon * scale[i % 4] * (1 + 2 ** -52) + 2 ** -53)
        if (mask[i % 4] === 0) expect(value).toBe(clean)
      })
      const { logits } = await model.predict(result.adversarial)
      for (let row = 0; row < 3; row++) {
        const z = numbers(logits.data).slice(row * 3, row * 3 + 3)
        expect(result.success[row]).toBe(Number(z.indexOf(Math.max(...z)) !== target[row]))
        expect(result.distance[row]).toBeLessThanOrEqual(epsilon * (1 + 1e-6) + 1e-12)
        if (result.cleanPredicted[row] !== target[row]) expect(result.success[row]).toBe(1)
      }
      expect(result.robustAccuracy).toBeCloseTo(1 - numbers(result.success).reduce((a, b) => a + b) / 3, 12)
    }), { numRuns: 150, seed: 1 })
  })

  test('a row\'s outcome depends on its own number and the seed, not on its neighbours', async () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => (Math.sin(i * 7) + 1) / 2)
    const options = { target: 0, epsilon: 0.2, restarts: 3, steps: 5 }
    const all = await pgd(model, { x: { data, dims: [6, 4] } }, { ...options, seed: 5 })
    const some = await pgd(model, { x: { data: data.slice(8, 16), dims: [2, 4] } }, { ...options, seed: 5, rowNumbers: [2, 3] })
    expect(numbers(some.adversarial.x.data)).toEqual(numbers(all.adversarial.x.data).slice(8, 16))
    const other = await pgd(model, { x: { data, dims: [6, 4] } }, { ...options, steps: 1, stepSize: 0, seed: 6 })
    const same = await pgd(model, { x: { data, dims: [6, 4] } }, { ...options, steps: 1, stepSize: 0, seed: 5 })
    expect(numbers(other.adversarial.x.data)).not.toEqual(numbers(same.adversarial.x.data))
  })

  test('a random start is spread evenly over the feasible set', async () => {
    const rows = 4000
    const { adversarial } = await pgd(linearModel([[0], [0]]), { x: { data: new Float64Array(rows).fill(0.9), dims: [rows, 1] } }, { target: 0, epsilon: 0.3, steps: 1, stepSize: 0 })
    const values = numbers(adversarial.x.data)
    const mean = values.reduce((a, b) => a + b) / rows
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows
    // Uniform on [0.6, 1]: the standard error of the mean is 0.0018.
    expect(Math.abs(mean - 0.8)).toBeLessThan(0.006)
    expect(Math.abs(Math.sqrt(variance) - 0.4 / Math.sqrt(12))).toBeLessThan(0.004)
  })
})

describe('best so far', () => {
  /** Class 0 loses only within 0.05 of x = 0.7, and the gradient says nothing. */
  const pit = () => knownModel({ inputs: { x: 1 }, columns: 2, logits: ({ x }) => [Math.abs(x[0] - 0.7) < 0.05 ? -1 : 1, 0], gradient: () => [0] })
  const x = { data: new Array<number>(50).fill(0.5), dims: [50, 1] }

  test('more restarts never break fewer rows, and a broken row keeps its first counterexample', async () => {
    const options = { target: 0, epsilon: 0.5, steps: 1 }
    const [one, ten] = [await pgd(pit(), { x }, options), await pgd(pit(), { x }, { ...options, restarts: 10 })]
    one.success.forEach((broken, row) => {
      if (broken === 0) return
      expect(ten.success[row]).toBe(1)
      expect(ten.adversarial.x.data[row]).toBe(one.adversarial.x.data[row])
    })
    expect(ten.robustAccuracy).toBeLessThan(one.robustAccuracy)
  })

  test('a row that was wrong from the start falls back to its clean version', async () => {
    // Class 0 wins beyond 0.1, which is where this clumsy attack goes.
    const { success, adversarial, robustAccuracy } = await runAttack(linearModel([[1], [0]], [-0.1, 0]), { x: { data: [0], dims: [1, 1] } }, { target: 0, epsilon: 0.5 }, {
      steps: 1, restarts: 1, randomStart: false, advance: (points) => points.fill(0.25),
    })
    expect(numbers(adversarial.x.data)).toEqual([0])
    expect(numbers(success)).toEqual([1])
    expect(robustAccuracy).toBe(0)
  })

  test('gradients that are zero everywhere are counted among rows that were right', async () => {
    const { zeroGradient, zeroGradientShare } = await pgd(pit(), { x }, { target: 0, epsilon: 0.1 })
    expect(zeroGradientShare).toBe(1)
    expect(numbers(zeroGradient)).toEqual(new Array(50).fill(1))
    const clear = await pgd(linear(), { x: { data: [1, 0, 0], dims: [1, 3] } }, { target: 0, epsilon: 0.1 })
    expect(clear.zeroGradientShare).toBe(0)
  })
})

describe('refusals', () => {
  const x = { data: [0.5, 0.5, 0.5], dims: [1, 3] }
  const outside = { data: [0.5, 7, 0.5], dims: [1, 3] }
  test.each([
    ['a negative epsilon', { x }, { target: 0, epsilon: -1 }, /epsilon must be/],
    ['another norm', { x }, { target: 0, epsilon: 1, norm: 'l2' as 'linf' }, /norm l2: use linf/],
    ['values outside the bounds', { x: outside }, { target: 0, epsilon: 1 }, /clean value 7 of row 0 lies outside the bounds \[0, 1\]/],
    ['restarts without randomness', { x }, { target: 0, epsilon: 1, restarts: 2, randomStart: false }, /set randomStart/],
    ['no steps', { x }, { target: 0, epsilon: 1, steps: 0 }, /steps must be/],
    ['a step that is none', { x }, { target: 0, epsilon: 1, stepSize: NaN }, /stepSize must be/],
    ['too many targets', { x }, { target: [0, 1], epsilon: 1 }, /2 classes for 1 rows/],
    ['an unknown input', { x }, { target: 0, epsilon: 1, input: 'y' }, /no float input y/],
    ['nothing fed', {}, { target: 0, epsilon: 1 }, /x was not fed/],
  ])('%s', async (_, feeds, options, message) => {
    await expect(pgd(linear(), feeds, options)).rejects.toThrow(message)
  })

  test('values outside the bounds may stand in frozen columns', async () => {
    const { adversarial } = await pgd(linear(), { x: outside }, { target: 0, epsilon: 0.1, mask: { data: [1, 0, 1], dims: [3] } })
    expect(adversarial.x.data[1]).toBe(7)
  })
})
