import { describe, expect, it } from 'vitest'
import { boundRate, coverRate, isSmall, protectCounts } from '../../reports/cells.js'
import { renderHtml } from '../../reports/html.js'
import type { GroupResult, Report, Result } from '../../src/contracts/report.js'
import { goldenReport } from '../golden/make-report.js'
import { groupOf, newcombe } from '../golden/parts.js'

describe('counts with a known total', () => {
  const LARGEST = 60

  /** All tables of three cells up to a size, by what a reader sees of them: the shown counts and the total. */
  function readings(largest: number): ReadonlyMap<string, readonly (readonly number[])[]> {
    const seen = new Map<string, (readonly number[])[]>()
    for (let a = 0; a <= largest; a += 1) {
      for (let b = 0; b <= largest; b += 1) {
        for (let c = 0; c <= largest; c += 1) {
          const table = [a, b, c]
          const key = `${a + b + c} ${JSON.stringify(protectCounts(table))}`
          seen.set(key, [...(seen.get(key) ?? []), table])
        }
      }
    }
    return seen
  }

  it('leave more than one value open for every small cell, to a reader who knows the total and this very rule', () => {
    let pinned = 0
    let small = 0
    // Tables where nothing but small cells exist have no neighbour to hide behind; they are looked at below.
    for (const tables of readings(LARGEST).values()) {
      const [first] = tables
      if (!first || first.reduce((sum, count) => sum + count) > LARGEST || !first.some((count) => count >= 10)) continue
      first.forEach((count, cell) => {
        if (!isSmall(count)) return
        small += 1
        const possible = new Set(tables.map((table) => table[cell]))
        if (possible.size < 2) pinned += 1
      })
    }
    expect(small).toBeGreaterThan(1000)
    expect(pinned).toBe(0)
  })

  it('are exact where nothing is small, and zero is no secret', () => {
    expect(protectCounts([1026, 164, 0])).toEqual([1026, 164, 0])
  })

  it('give the neighbour as the range that the total leaves open anyway', () => {
    expect(protectCounts([1026, 161, 3])).toEqual([{ low: 1020, high: 1028 }, 161, { low: 1, high: 9 }])
  })
})

describe('rates', () => {
  it('with fewer than 10 people on one side become the bound of all such rates', () => {
    expect(boundRate(5, 117)).toEqual(boundRate(0, 117))
    expect(boundRate(112, 117)).toEqual(boundRate(117, 117))
    expect(boundRate(5, 15)).toBe('withheld')
  })

  it('of a neighbour are the same for every count that the bound allows', () => {
    const shown = Array.from({ length: 10 }, (_, hidden) => JSON.stringify(coverRate(976 + 5 - hidden, 992, { k: hidden, denominator: 117 })))
    expect(new Set(shown).size).toBe(1)
  })
})

type Confusion = { readonly tp: number; readonly fn: number; readonly fp: number; readonly tn: number }

/** One person moved from every cell of one group to the other, so that no total of the file changes. */
const shift = (from: Confusion, by: number): Confusion => ({ tp: from.tp - by, fn: from.fn + by, fp: from.fp + by, tn: from.tn - by })

function auditOf(white: Confusion, black: Confusion): Report {
  const rate = (id: string, counted: (c: Confusion) => readonly [number, number]): Result => {
    const groups: GroupResult[] = [['no', white] as const, ['yes', black] as const].map(([value, cells]) => {
      const [successes, of] = counted(cells)
      return groupOf(['black'], { value, successes, of, people: cells.tp + cells.fn + cells.fp + cells.tn })
    })
    const [a, b] = groups
    if (!a || !b) throw new Error('two groups')
    const [high, low] = (a.value ?? 0) > (b.value ?? 0) ? [a, b] : [b, a]
    return {
      key: `${id}@black`, id, category: 'fairness', sensitive: ['black'], parameters: {}, status: 'informative', value: (high.value ?? 0) - (low.value ?? 0), unit: 'difference of shares',
      interval: newcombe(high, low), n: 1190, excluded: [], groups, threshold: null, decision: null, notes: [`rates ${a.value?.toFixed(3)} against ${b.value?.toFixed(3)}`], details: [],
    }
  }
  const sel = (c: Confusion): number => c.tp + c.fp
  const golden = goldenReport()
  return {
    ...golden,
    results: [
      rate('fairness/demographic-parity-difference', (c) => [sel(c), c.tp + c.fn + c.fp + c.tn]),
      rate('fairness/equal-opportunity-difference', (c) => [c.tp, c.tp + c.fn]),
      rate('fairness/false-negative-rate-difference', (c) => [c.fn, c.tp + c.fn]),
      rate('fairness/false-positive-rate-difference', (c) => [c.fp, c.fp + c.tn]),
      rate('fairness/accuracy-difference', (c) => [c.tp + c.tn, c.tp + c.fn + c.fp + c.tn]),
      rate('fairness/predictive-parity-difference', (c) => [c.tp, sel(c)]),
    ],
  }
}

describe('a whole page', () => {
  const white: Confusion = { tp: 915, fn: 15, fp: 76, tn: 20 }
  const black: Confusion = { tp: 112, fn: 5, fp: 25, tn: 22 }
  /** Worlds that agree in every total and in both selection rates, and differ in how many qualified people of one group were refused. */
  const worlds = Array.from({ length: 10 }, (_, fn) => auditOf(shift(white, black.fn - fn), shift(black, fn - black.fn)))
  const main = (report: Report, showSmall: boolean): string => renderHtml(report, { showSmall }).replace(/<style>[\s\S]*<\/style>/, '')

  it('does not tell apart worlds that differ in a hidden count', () => {
    const truth = main(worlds[black.fn] as Report, false)
    const same = worlds.filter((world) => main(world, false) === truth)
    expect(same.length).toBeGreaterThanOrEqual(5)
    expect(new Set(worlds.map((world) => main(world, true))).size).toBe(10)
  })

  it('keeps what needs no hiding: the selection rates, and the bound', () => {
    const html = main(worlds[black.fn] as Report, false)
    expect(html).toContain('84\u202f%')
    expect(html).toContain('at least 92.3\u202f%')
    expect(html).not.toContain('rates 0.984 against 0.957')
    expect(main(worlds[black.fn] as Report, true)).toContain('rates 0.984 against 0.957')
  })
})

describe('groups under 10 people', () => {
  const golden = goldenReport()
  const shrunk = (people: number): Report => {
    const sensitive = golden.data.sensitive.map((each) => ({ ...each, groups: each.groups.map((group) => (group.n === 24 ? { ...group, n: people, favorableRate: 0.5 } : group.n === 314 ? { ...group, n: 338 - people, favorableRate: (300 - people / 2) / (338 - people) } : group)) }))
    return { ...golden, data: { ...golden.data, sensitive }, results: [] }
  }
  const main = (report: Report): string => renderHtml(report, { showSmall: false })

  it('look the same whatever their size, and so does their neighbour', () => {
    expect(main(shrunk(4))).toContain('&lt;10')
    expect(main(shrunk(4))).toBe(main(shrunk(8)))
  })
})

it('sentences that metrics wrote lose small counts', () => {
  const golden = goldenReport()
  const findings = [{ id: 'x', severity: 'info' as const, message: 'region = Island: 7 people, 1,007 rows in all, 17 people elsewhere' }]
  const html = renderHtml({ ...golden, findings }, { showSmall: false })
  expect(html).toContain('region &#x3D; Island: &lt;10 people, 1,007 rows in all, 17 people elsewhere')
  expect(renderHtml({ ...golden, findings }, { showSmall: true })).toContain('7 people, 1,007 rows')
})

it('an intersection with a small cell cannot be solved from the tables of its columns', () => {
  const cells = [['0', '0', 565, 580], ['0', '1', 327, 350], ['1', '0', 46, 52], ['1', '1', 51, 65]] as const
  const groups = cells.map(([black, single, successes, of]) => groupOf(['black', 'single'], { value: `${black} & ${single}`, successes, of, people: of + 30 }))
  const golden = goldenReport()
  const [model] = golden.results
  if (!model) throw new Error('the golden report has results')
  const result: Result = { ...model, key: 'fairness/equal-opportunity-difference@black&single', id: 'fairness/equal-opportunity-difference', sensitive: ['black', 'single'], status: 'informative', threshold: null, decision: null, groups, notes: [] }
  const html = renderHtml({ ...golden, results: [result] }, { showSmall: false })
  const shown = [...html.matchAll(/<td class="number">([^<]*)<small>withheld<\/small>/g)].map((cell) => cell[1])
  expect(shown.filter((value) => value === 'withheld').length).toBeGreaterThanOrEqual(3)
  expect(html).toContain('at least 82.6\u202f%')
})

it('the rate of all rows is shown, however small the cells of its groups', () => {
  const golden = goldenReport()
  const groups = [groupOf(['black'], { value: 'no', successes: 400, of: 431, people: 431 }), groupOf(['black'], { value: 'yes', successes: 36, of: 69, people: 69 })]
  const small = groupOf(['black'], { value: 'yes', successes: 4, of: 69, people: 69 })
  const robust = golden.results.find(({ id }) => id === 'robustness/pgd')
  if (!robust || !groups[0]) throw new Error('the golden report has an attack')
  const result: Result = { ...robust, value: 0.872, interval: null, threshold: null, decision: null, status: 'informative', details: [{ type: 'groups', title: 'Success', unit: 'share', series: [{ name: 'success', groups: [groups[0], small] }] }] }
  const html = renderHtml({ ...golden, results: [result] }, { showSmall: false })
  expect(html).toContain('87.2\u202f%')
  expect(html).toContain('at most 13.1\u202f%')
})
