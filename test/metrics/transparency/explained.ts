import type { Attributions } from '../../../src/contracts/artifact.js'
import type { DatasetView } from '../../../src/contracts/dataset.js'
import type { Measurement, Metric, MetricContext, NotApplicable } from '../../../src/contracts/metric.js'

/** Attributions of the columns a and b, one pair per row. */
export function explained(values: readonly (readonly [number, number])[], more: Partial<Attributions> = {}): Attributions {
  const n = values.length
  return {
    rows: Int32Array.from(values, (_, i) => i), columns: ['a', 'b'], values: Float64Array.from(values.flat()),
    completenessGap: new Float64Array(n), tolerance: new Float64Array(n).fill(0.01), steps: new Int32Array(n).fill(32), output: Float64Array.from(values, ([a, b]) => a + b - 1),
    baselineOutput: -1, baseline: 'the reference', secondTopColumn: null, secondBaseline: null, elements: [], explained: 'log-odds of y = 1', clipped: false, ...more,
  }
}

export function evaluate(metric: Metric, attributions: Attributions, rows = attributions.rows.length): Measurement | NotApplicable {
  const context: MetricContext<object> = { data: { rows } as DatasetView, options: {}, sensitive: null, minimumGroupSize: 30, excludedGroups: new Map(), seed: 0 }
  return (metric.evaluate as unknown as (artifacts: { explained: Attributions }, context: MetricContext<object>) => Measurement | NotApplicable)({ explained: attributions }, context)
}

export function measured(...of: Parameters<typeof evaluate>): Measurement {
  const result = evaluate(...of)
  if ('notApplicable' in result) throw new Error(result.notApplicable)
  return result
}

/** Facts of the first table of facts, by name. */
export function factsOf({ details = [] }: Measurement): Map<string, unknown> {
  const facts = details.find(({ type }) => type === 'facts')
  return new Map(facts?.type === 'facts' ? facts.items.map(({ name, value }) => [name, value]) : [])
}
