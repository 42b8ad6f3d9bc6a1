import { describe, expect, it } from 'vitest'
import { fairness } from '../../../metrics/fairness/index.js'
import { fromCounts, measure, measured } from './helpers.js'

/** 100 people of each group; `a` is selected 60 times, `b` 30 times, `c` 45 times. */
const three = fromCounts({
  a: [['yes', 'yes', 40], ['no', 'yes', 20], ['yes', 'no', 10], ['no', 'no', 30]],
  b: [['yes', 'yes', 20], ['no', 'yes', 10], ['yes', 'no', 40], ['no', 'no', 30]],
  c: [['yes', 'yes', 25], ['no', 'yes', 20], ['yes', 'no', 25], ['no', 'no', 30]],
})
const yes = { favorable: 'yes', positive: 'yes' }
const reasonOf = (...args: Parameters<typeof measure>) => {
  const result = measure(...args)
  return 'notApplicable' in result ? result.notApplicable : null
}

describe('direction', () => {
  it('says it in words and shows the adverse ratio beside the ratio', () => {
    const { value, notes, details } = measured('demographic-parity-ratio', three, yes)
    expect(value).toBeCloseTo(0.5, 15)
    expect(notes).toContain('selected = label: yes')
    expect(notes).toContain('Adverse ratio, counted in the opposite outcome: 0.571.')
    expect(details?.[0]).toMatchObject({ type: 'facts', items: [{ name: 'Adverse ratio', value: expect.closeTo(40 / 70, 14) }] })
  })
  it('names who is worse off, signed, and claims nothing without a favorable outcome', () => {
    expect(measured('demographic-parity-difference', three, yes).notes).toContain('group = b is worse off: selection rate 0.300 against 0.600 of group = a (−0.300).')
    expect(measured('false-negative-rate-difference', three, yes).notes).toContain('group = b is worse off: false negative rate 0.667 against 0.200 of group = a (+0.467).')
    const unstated = measured('demographic-parity-difference', three, { positive: 'yes' }).notes ?? []
    expect(unstated).toContain('group = b has the lower rate: selection rate 0.300 against 0.600 of group = a (−0.300).')
    expect(unstated).toContain('selected = label: yes (data.favorable is not stated; the positive class is counted)')
  })
  it('turns a ratio around with the favorable outcome', () => {
    expect(measured('demographic-parity-ratio', three, { favorable: 'no', positive: 'yes' }).value).toBeCloseTo(40 / 70, 15)
  })
})

describe('groups', () => {
  const small = fromCounts({ a: [['1', '1', 60], ['0', '0', 40]], b: [['1', '1', 50], ['0', '0', 50]], c: [['1', '0', 12], ['0', '0', 100]], d: [['1', '1', 5]] })

  it('keep a place in the table and are counted when their denominator is too small', () => {
    const { value, groups, unjudgedGroups, notes, n, excluded } = measured('equal-opportunity-difference', small, { favorable: 1, minimumGroupSize: 30 })
    expect(value).toBe(0)
    expect(groups?.map(({ role }) => role)).toEqual(['compared', 'compared', 'too-small', 'too-small'])
    expect(groups?.[2]).toMatchObject({ n: 112, denominator: 12, value: 0 })
    expect(unjudgedGroups).toEqual([
      { group: 'group = c', people: 112, reason: 'fewer than 30 rows whose label is the favorable outcome' },
      { group: 'group = d', people: 5, reason: 'fewer than 30 rows whose label is the favorable outcome' },
    ])
    expect(notes?.join(' ')).toContain('Outside the comparison: group = c (fewer than 30 rows')
    expect(n).toBe(110)
    expect(excluded?.reduce((sum, { rows }) => sum + rows, n)).toBe(small.group.length)
  })
  it('count a group once that is too small in both rates of equalized odds', () => {
    const { unjudgedGroups } = measured('equalized-odds-difference', small, { favorable: 1, minimumGroupSize: 30 })
    expect(unjudgedGroups?.map(({ group, people }) => [group, people])).toEqual([['group = c', 112], ['group = d', 5]])
  })
  it('without a value form an unknown row outside the maximum, and over 5 % of them forbid a pass', () => {
    const rows = fromCounts({ a: [['1', '1', 60], ['0', '0', 34]], b: [['1', '1', 50], ['0', '0', 50]] })
    const withUnknown = (count: number) => ({
      group: [...rows.group, ...new Array<null>(count).fill(null)],
      label: [...rows.label, ...new Array<string>(count).fill('0')],
      prediction: [...rows.prediction, ...new Array<string>(count).fill('0')],
    })
    const few = measured('demographic-parity-difference', withUnknown(10), { favorable: 1 })
    expect(few.groups?.at(-1)).toMatchObject({ group: [{ column: 'group', value: 'unknown' }], n: 10, denominator: 10, value: 0, role: 'unknown' })
    expect(few.value).toBeCloseTo(60 / 94 - 0.5, 15)
    expect(few.cannotPass).toBeUndefined()
    expect(measured('demographic-parity-difference', withUnknown(11), { favorable: 1 }).cannotPass).toContain('no value of group')
  })
  it('that the config excludes leave the comparison with the stated reason', () => {
    const { value, groups, unjudgedGroups } = measured('demographic-parity-difference', three, { ...yes, exclude: [[1, 'pilot branch']] })
    expect(value).toBeCloseTo(0.15, 15)
    expect(groups?.[1]).toMatchObject({ role: 'excluded', reason: 'pilot branch', value: 0.3 })
    expect(unjudgedGroups).toEqual([])
  })
  it('over 50 look like an identifier', () => {
    const many = { group: Array.from({ length: 102 }, (_, i) => `p${i % 51}`), label: Array.from({ length: 102 }, (_, i) => i % 2), prediction: Array.from({ length: 102 }, () => 1) }
    expect(reasonOf('demographic-parity-difference', many, { favorable: 1 })).toContain('looks like an identifier')
  })
  it('of which fewer than two remain give no value', () => {
    expect(reasonOf('demographic-parity-difference', three, { ...yes, minimumGroupSize: 101 })).toContain('fewer than two groups')
    expect(reasonOf('equalized-odds-difference', three, { ...yes, minimumGroupSize: 60 })).toContain('no true positive rate can be compared')
  })
})

describe('zeros', () => {
  const none = fromCounts({ a: [['1', '0', 50], ['0', '0', 50]], b: [['1', '0', 40], ['0', '0', 60]] })
  const one = fromCounts({ a: [['1', '0', 50], ['0', '0', 50]], b: [['1', '1', 40], ['0', '0', 60]] })
  it('in every group make a ratio 0/0', () => {
    expect(reasonOf('demographic-parity-ratio', none, { favorable: 1 })).toBe('the selection rate is 0 in every compared group: the ratio is 0/0')
    expect(reasonOf('predictive-parity-difference', none, { favorable: 1 })).toContain('fewer than two groups')
  })
  it('in one group make the ratio 0 with a finite upper limit', () => {
    const { value, intervalAt } = measured('demographic-parity-ratio', one, { favorable: 1 })
    expect(value).toBe(0)
    const { low, high } = intervalAt?.(0.95) ?? { low: NaN, high: NaN }
    expect(low).toBe(0)
    expect(high).toBeGreaterThan(0)
    expect(high).toBeLessThan(0.3)
  })
  it('as a gap still have an interval of some width', () => {
    const { low, high } = measured('demographic-parity-difference', none, { favorable: 1 }).intervalAt?.(0.95) ?? { low: NaN, high: NaN }
    expect(low).toBe(0)
    expect(high).toBeGreaterThan(0.02)
  })
})

describe('reference', () => {
  it.each([['b', 0.3], ['c', 0.15], ['best', 0.3], ['rest', 0.225]] as const)('%s', (reference, expected) => {
    const { value, notes } = measured('demographic-parity-difference', three, { ...yes, options: { reference } })
    expect(value).toBeCloseTo(expected, 14)
    expect(notes?.some((note) => note.startsWith('Compared with'))).toBe(true)
  })
  it('with fewer comparisons gives a higher lower limit', () => {
    const low = (options: object) => measured('demographic-parity-difference', three, { ...yes, options }).intervalAt?.(0.95)?.low ?? NaN
    expect(low({ reference: 'b' })).toBeGreaterThan(low({}))
  })
  it('must name a group', () => {
    expect(() => measure('demographic-parity-difference', three, { ...yes, options: { reference: 'z' } })).toThrow(/z is not a group; the groups are group = a/)
  })
})

describe('equalized odds', () => {
  it('takes the worse of both rates and shows both', () => {
    const { value, groups, details } = measured('equalized-odds-difference', three, yes)
    expect(value).toBeCloseTo(0.8 - 1 / 3, 14)
    expect(groups?.map(({ denominator }) => denominator)).toEqual([50, 60, 50])
    expect(details?.[0]).toMatchObject({ type: 'groups', series: [{ name: 'true positive rate' }, { name: 'false positive rate' }] })
  })
})

describe('labels', () => {
  const view = { labelMeaning: 'human-decision' } as const
  it('made by people carry the sentence wherever they are read', () => {
    const sentence = 'Compares the model with past decisions, which may themselves be unfair.'
    expect(measured('accuracy-difference', three, { ...yes, view }).notes).toContain(sentence)
    expect(measured('equalized-odds-ratio', three, { ...yes, view }).notes).toContain(sentence)
    expect(measured('demographic-parity-ratio', three, { ...yes, view }).notes).not.toContain(sentence)
  })
  it('that are missing leave label-based rates only', () => {
    const rows = { ...three, label: three.label.map((label, i) => (i < 5 ? null : label)) }
    const accuracy = measured('accuracy-difference', rows, yes)
    expect(accuracy.n).toBe(295)
    expect(accuracy.excluded).toContainEqual({ reason: 'no label', rows: 5 })
    expect(measured('demographic-parity-difference', rows, yes).n).toBe(300)
  })
})

describe('selection rate', () => {
  it('counts everybody, whatever the group', () => {
    const { value, n, groups } = measured('selection-rate', three, { ...yes, minimumGroupSize: 101 })
    expect(value).toBe(0.45)
    expect(n).toBe(300)
    expect(groups?.map((group) => [group.value, group.role])).toEqual([[0.6, 'too-small'], [0.3, 'too-small'], [0.45, 'too-small']])
  })
})

describe('settle', () => {
  const settleAt = (rows: number, limit: { min?: number; max?: number }, name = 'demographic-parity-difference') =>
    measured(name, fromCounts({ a: [['1', '1', rows / 2], ['0', '0', rows / 2]], b: [['1', '1', rows / 2], ['0', '0', rows / 2]] }), { favorable: 1 }).settle?.(limit)

  it('shrinks what a sample can decide as it grows, and never looks at the observed gap', () => {
    const [small, large] = [settleAt(100, { max: 0.1 }), settleAt(10_000, { max: 0.1 })]
    expect(small?.smallestDecidableGap ?? NaN).toBeGreaterThan(large?.smallestDecidableGap ?? NaN)
    expect(small?.limitingCell).toBe('group = a, rows with a prediction')
    const uneven = measured('demographic-parity-difference', fromCounts({ a: [['1', '1', 20], ['0', '0', 80]], b: [['1', '1', 80], ['0', '0', 20]] }), { favorable: 1 })
    expect(uneven.settle?.({ max: 0.1 })).toEqual(small)
  })
  it('asks for more rows when more checks are judged, and for none beyond 100 times the data', () => {
    const rowsFor = (familySize: number) => measured('demographic-parity-difference', fromCounts({ a: [['1', '1', 500], ['0', '0', 500]], b: [['1', '1', 500], ['0', '0', 500]] }), { favorable: 1 }).settle?.({ max: 0.1, familySize })
    expect(rowsFor(10)?.rowsPerGroup.ifFail ?? NaN).toBeGreaterThan(rowsFor(1)?.rowsPerGroup.ifFail ?? NaN)
    expect(rowsFor(10)?.rowsPerGroup.ifPass).toBe(rowsFor(1)?.rowsPerGroup.ifPass)
    expect(settleAt(60, { max: 0.1 })?.rowsPerGroup).toEqual({ ifPass: null, ifFail: null })
  })
  it('has no alternative outside the range', () => {
    expect(settleAt(1000, { max: 0 })?.rowsPerGroup.ifPass).toBeNull()
    expect(settleAt(1000, { min: 1 }, 'demographic-parity-ratio')?.rowsPerGroup.ifPass).toBeNull()
  })
})

describe('in memory', () => {
  const results = fairness(three, { label: 'label', prediction: 'prediction', sensitive: 'group', favorable: 'yes' })
  it('gives every fairness metric with values, intervals and groups', () => {
    expect(results).toHaveLength(10)
    const parity = results.find(({ key }) => key === 'fairness/demographic-parity-difference@group')
    expect(parity).toMatchObject({ status: 'informative', value: 0.3, n: 300, interval: { confidence: 0.95 } })
    expect(parity?.groups).toHaveLength(3)
  })
  it('reads columns from any of its shapes, and scores', () => {
    const same = fairness({ columns: three }, { label: 'label', prediction: 'prediction', sensitive: ['group'], favorable: 'yes' })
    expect(same).toEqual(results)
    const byName = fairness({ column: (name: string) => three[name as keyof typeof three] }, { label: 'label', prediction: 'prediction', sensitive: 'group', favorable: 'yes' })
    expect(byName).toEqual(results)
    const rows = three.group.map((group, i) => ({ group, label: three.label[i], prediction: three.prediction[i] }))
    expect(fairness(rows, { label: 'label', prediction: 'prediction', sensitive: 'group', favorable: 'yes' })).toEqual(results)
    const scored = fairness({ ...three, p: three.prediction.map((value) => (value === 'yes' ? 0.5 : 0.49)) }, { label: 'label', score: 'p', sensitive: 'group', favorable: 'yes', positive: 'yes' })
    expect(scored.map(({ value }) => value)).toEqual(results.map(({ value }) => value))
  })
  it('says what is missing without labels', () => {
    const unlabelled = fairness({ group: three.group, prediction: three.prediction }, { prediction: 'prediction', sensitive: 'group', favorable: 'yes' })
    expect(unlabelled.find(({ id }) => id === 'fairness/accuracy-difference')).toMatchObject({ status: 'not-applicable', value: null, reason: 'needs data.label, the column with the true classes' })
    expect(unlabelled.find(({ id }) => id === 'fairness/demographic-parity-ratio')?.value).toBeCloseTo(0.5, 15)
  })
  it.each([
    [{ prediction: 'prediction', sensitive: 'nowhere', favorable: 'yes' }, /no column nowhere/],
    [{ prediction: 'prediction', sensitive: 'group' }, /state favorable/],
    [{ prediction: 'prediction', sensitive: 'group', favorable: 'maybe' }, /maybe, which is not a class/],
    [{ label: 'label', sensitive: 'group', favorable: 'yes' }, /nothing predicts/],
  ])('refuses %j', (options, message) => {
    expect(() => fairness(three, options)).toThrow(message)
  })
  it('takes a key that a row leaves out as missing, even a hostile one', () => {
    const rows = three.group.map((group, i) => JSON.parse(`{${i % 10 === 0 ? '' : `"__proto__": "${group}", `}"prediction": "${three.prediction[i]}"}`) as Record<string, string>)
    const [parity] = fairness(rows, { prediction: 'prediction', sensitive: '__proto__', favorable: 'yes' }).filter(({ id }) => id === 'fairness/demographic-parity-difference')
    expect(parity.n).toBe(270)
    expect(parity.groups.find(({ role }) => role === 'unknown')?.n).toBe(30)
  })
  it('refuses rows that are none, and columns that no row has', () => {
    const options = { prediction: 'prediction', sensitive: 'group', favorable: 'yes' }
    expect(() => fairness([{ prediction: 'yes', grop: 'a' }], options)).toThrow(/no row has a column group\. The columns are prediction, grop/)
    expect(() => fairness([], options)).toThrow(/There are no rows/)
    expect(() => fairness(['a'] as never, options)).toThrow(/row 0 \(counted from 0\) is a, not an object/)
  })
  it('refuses columns of different lengths', () => {
    expect(() => fairness({ ...three, group: ['a'] }, { prediction: 'prediction', sensitive: 'group', favorable: 'yes' })).toThrow(/group has 1 rows/)
  })
})
