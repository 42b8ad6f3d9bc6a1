/** @file Feature values that all but give the label away. */
import type { CategoricalColumn, Finding } from '../contracts/dataset.js'
import { categorize } from './categories.js'
import type { Table } from './table.js'
import { percent, quote } from './wording.js'

const LEAST_ROWS = 30
const LEAST_SHARE = 0.9
/** Other labels must be this many times rarer than in the file: for evenly split classes, this and the 90 % are one and the same rule. */
const RARER = 5
const CHANCE = 0.01
const NAMED_VALUES = 3

type Cell = { readonly column: string; readonly value: string; readonly rows: number; readonly label: string; readonly matching: number; readonly share: number; readonly baseRate: number }

/**
 * One finding per feature with values that each
 * - have at least 30 labelled rows, of which at least 90 % have one label,
 * - leave at most a fifth of the share that other labels have in the file (else every value would be reported when 95 % share a label), and
 * - would not show this by chance: Chernoff's bound on the binomial tail (Hoeffding 1963, theorem 1), exp(−n·KL(share ‖ base rate)), is at
 *   most 0.01 divided by the number of values tried.
 */
export function leakageFindings(table: Table, features: readonly string[], label: CategoricalColumn, rows: readonly number[]): Finding[] {
  const cells = features.flatMap((name) => cellsOf(categorize(table, name, rows), label))
  const limit = Math.log(Math.max(1, cells.length) / CHANCE)
  const leaking = cells.filter(({ rows: n, share, baseRate }) => share >= LEAST_SHARE && 1 - share <= (1 - baseRate) / RARER && n * divergence(share, baseRate) >= limit)
  return features.flatMap((column) => {
    const values = leaking.filter((cell) => cell.column === column)
    return values.length === 0 ? [] : [{ id: 'possible-leakage', severity: 'warning', message: `${inWords(values, label.name)}: possible leakage or consequence of the decision.`, details: { column, label: label.name, values } }]
  })
}

function inWords(values: readonly Cell[], label: string): string {
  const [{ column, value, label: top, matching, rows, share, baseRate }] = values
  if (values.length === 1) return `Where ${quote(column)} is ${quote(value)}, ${quote(label)} is ${quote(top)} in ${matching} of ${rows} rows (${percent(share)}; ${percent(baseRate)} of all rows)`
  const named = [...values].sort((a, b) => b.rows - a.rows).slice(0, NAMED_VALUES).map((cell) => `${quote(cell.value)} (${quote(cell.label)} in ${cell.matching} of ${cell.rows} rows)`)
  return `${values.length} values of ${quote(column)} each all but give ${quote(label)} away: ${named.join(', ')}${values.length > NAMED_VALUES ? ', …' : ''}`
}

function cellsOf(column: CategoricalColumn, label: CategoricalColumn): Cell[] {
  const classes = label.categories.length
  const counts = new Int32Array(column.categories.length * classes) // [values, classes]
  const totals = new Int32Array(classes)
  for (const [row, code] of column.codes.entries()) {
    const target = label.codes[row]!
    if (target < 0) continue
    totals[target]!++
    if (code >= 0) counts[code * classes + target]!++
  }
  const all = totals.reduce((a, b) => a + b, 0)
  return column.categories.flatMap((value, code) => {
    const of = counts.subarray(code * classes, (code + 1) * classes)
    const n = of.reduce((a, b) => a + b, 0)
    if (n < LEAST_ROWS) return []
    const top = of.indexOf(of.reduce((a, b) => Math.max(a, b)))
    return [{ column: column.name, value, rows: n, label: label.categories[top]!, matching: of[top]!, share: of[top]! / n, baseRate: totals[top]! / all }]
  })
}

/** Kullback–Leibler divergence of two coins, in nats; 0·log 0 is 0. */
function divergence(share: number, base: number): number {
  const term = (p: number, q: number): number => (p === 0 ? 0 : p * Math.log(p / q))
  return term(share, base) + term(1 - share, 1 - base)
}
