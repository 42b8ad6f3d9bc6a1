import { readFileSync } from 'node:fs'

type Row = Record<string, number>
type Fixture = {
  normal_quantile: [number, number][]
  normal_cdf: [number, number][]
  log_gamma: [number, number][]
  incomplete_beta: [number, number, number, number][]
  student_quantile: [number, number, number][]
  proportion: { successes: number; trials: number; level: number; wilson: [number, number]; exact: [number, number] }[]
  two_proportions: { first: [number, number]; second: [number, number]; level: number; newcombe: [number, number]; mover_ratio?: [number, number] }[]
  holm: { p: number[]; adjusted: number[] }
  mean: { values: number[]; interval: [number, number] }
  power: Row[]
  sample_size: Row[]
  paired: { both: number; firstOnly: number; secondOnly: number; neither: number; level: number; interval: [number, number] }[]
}

/** What scipy and statsmodels say; made by test/fixtures/statistics/make_statistics.py. */
export const truth = JSON.parse(readFileSync(new URL('../fixtures/statistics/statistics.json', import.meta.url), 'utf8')) as Fixture

export const relativeError = (actual: number, expected: number): number => (actual === expected ? 0 : Math.abs(actual - expected) / Math.max(1e-300, Math.abs(expected)))
