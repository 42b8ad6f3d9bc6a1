import { attributions, type Attributions, type AttributionParameters } from '../../src/contracts/artifact.js'
import type { DatasetView, SensitiveColumn } from '../../src/contracts/dataset.js'
import { defineMetric, notApplicable } from '../../src/contracts/metric.js'
import type { Details, GroupResult } from '../../src/contracts/report.js'
import { bootstrapInterval, meanInterval } from '../../src/statistics/index.js'
import { COVERAGE } from '../coverage.js'
import { attributionParameters, INTEGRATED_GRADIENTS } from './attribution-parameters.js'
import { columnOf, mean, unexplainedRows } from './column-importance.js'

/**
 * Largest gap between groups in a column's mean attribution (log-odds of one class).
 *
 * 0: on average, every column moves every group's score alike. Caveat: groups differ in their columns, so a gap may come from different
 * applicants. Sundararajan, Taly, Yan 2017, arXiv:1703.01365.
 */
export default defineMetric({
  id: 'transparency/attribution-by-group',
  title: 'What the score depends on, by group',
  question: 'Do the columns that move the score differ between groups, on average?',
  formula: 'max over columns of (largest − smallest group mean of IG), log-odds of one class',
  meaning: '0: on average every column moves the score of every group alike.',
  range: [0, Infinity],
  ideal: 0,
  unit: 'log-odds',
  direction: 'none',
  references: [INTEGRATED_GRADIENTS],
  limits: ['Differences may come from different applicants, not different treatment: the column means per group stand beside them.', COVERAGE],
  per: 'sensitive-column',
  needsDirection: false,
  judged: false,
  needs: ['model', 'gradient', 'row-independence', 'classes', 'sensitive'],
  parameters: attributionParameters,
  requires: (options: AttributionParameters) => ({ explained: attributions(options) }),
  evaluate({ explained }, { data, sensitive, minimumGroupSize, excludedGroups, seed }) {
    if (!sensitive) return notApplicable('needs a sensitive column')
    const members = membersOf(sensitive, explained)
    const compared = members.flatMap((positions, i) => (positions.length >= minimumGroupSize && !excludedGroups.has(i) ? [i] : []))
    if (compared.length < 2) return notApplicable(`fewer than two groups have ${minimumGroupSize} explained rows`)
    const gaps = explained.columns
      .map((name, column) => {
        const values = columnOf(explained, column)
        const means = members.map((positions) => mean(Float64Array.from(positions, (i) => values[i])))
        const among = compared.map((i) => means[i])
        return { name, column, values, means, gap: Math.max(...among) - Math.min(...among) }
      })
      .sort((a, b) => b.gap - a.gap)
    const [top] = gaps
    const n = members.reduce((sum, positions) => sum + positions.length, 0)
    return {
      value: top.gap,
      n,
      intervalAt: (confidence) =>
        bootstrapInterval({
          strata: compared.map((i) => members[i].map((position) => top.values[position])),
          statistic: (strata) => gapOfMeans(strata),
          confidence, seed, purpose: `attribution-by-group/${sensitive.name}/${top.name}`,
        }),
      excluded: [
        ...unexplainedRows(explained, data),
        ...(n < explained.rows.length ? [{ reason: `no value of ${sensitive.columns.join(' or ')}`, rows: explained.rows.length - n }] : []),
      ],
      groups: members.map((positions, i) => groupOf(sensitive, i, positions.map((position) => top.values[position]), compared.includes(i), excludedGroups.get(i))),
      notes: [
        `The value and the groups are of ${top.name}, the column whose mean attribution differs most. Explained: ${explained.explained}.`,
        'Largest observed gap over columns; biased upward with many columns or small groups.',
      ],
      details: [meansTable(gaps, members, sensitive, explained, data)],
    }
  },
})

/** Per group, positions in the explained rows. */
function membersOf({ categories, codes }: SensitiveColumn, { rows }: Attributions): number[][] {
  const members = categories.map((): number[] => [])
  rows.forEach((row, i) => {
    if (codes[row] >= 0) members[codes[row]].push(i)
  })
  return members
}

function gapOfMeans(strata: readonly ArrayLike<number>[]): number {
  const means = strata.map((values) => mean(Float64Array.from(values)))
  return Math.max(...means) - Math.min(...means)
}

function groupOf({ columns, parts }: SensitiveColumn, category: number, values: readonly number[], compared: boolean, excluded: string | undefined): GroupResult {
  return {
    group: columns.map((column, j) => ({ column, value: parts[category][j] })),
    n: values.length,
    denominator: values.length,
    value: values.length === 0 ? null : mean(Float64Array.from(values)),
    interval: meanInterval(values, 0.95),
    role: compared ? 'compared' : excluded === undefined ? 'too-small' : 'excluded',
    ...(!compared && { reason: excluded ?? 'too few explained rows' }),
  }
}

type ColumnGap = { readonly name: string; readonly means: readonly number[]; readonly gap: number }

function meansTable(gaps: readonly ColumnGap[], members: readonly number[][], { columns, parts }: SensitiveColumn, { rows }: Attributions, { features, matrix }: DatasetView): Details {
  const meanFeature = (source: string, positions: readonly number[]) => {
    const own = features.flatMap((feature, i) => (feature.source === source ? [i] : []))
    if (own.length !== 1 || positions.length === 0) return null
    return mean(Float64Array.from(positions, (position) => matrix[rows[position] * features.length + own[0]]))
  }
  const names = parts.map((part) => part.map((value, j) => `${columns[j]} = ${value}`).join(' & '))
  return {
    type: 'table',
    title: 'Mean attribution and mean value per group',
    caption: 'Differences may come from different applicants, not different treatment. One-hot columns have no mean value.',
    columns: [
      { key: 'column', title: 'Column' },
      ...names.flatMap((name, i) => [{ key: `attribution-${i}`, title: `${name}: attribution`, unit: 'log-odds' }, { key: `value-${i}`, title: `${name}: mean value` }]),
      { key: 'gap', title: 'Gap', unit: 'log-odds' },
    ],
    rows: gaps.map(({ name, means, gap }) => ({
      column: name,
      gap,
      ...Object.fromEntries(names.flatMap((_, i) => [[`attribution-${i}`, members[i].length > 0 ? means[i] : null], [`value-${i}`, meanFeature(name, members[i])]])),
    })),
  }
}
