import { readFileSync } from 'node:fs'
import type { DatasetView } from '../../../src/contracts/dataset.js'
import type { Measurement, Metric, MetricContext, NotApplicable } from '../../../src/contracts/metric.js'
import type { ArtifactRequests, ArtifactValues } from '../../../src/contracts/artifact.js'
import { viewOf } from '../../../metrics/fairness/in-memory.js'
import { metrics } from '../../../metrics/index.js'

export const fixture = <T>(path: string): T => JSON.parse(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8')) as T

export function csvColumn(path: string, name: string): string[] {
  const [header, ...lines] = readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8').trim().split(/\r?\n/)
  const index = header.split(',').indexOf(name)
  return lines.map((line) => line.split(',')[index])
}

export function metricOf(name: string): Metric {
  const metric = metrics.find(({ id }) => id === `fairness/${name}`)
  if (!metric) throw new Error(`no metric fairness/${name}`)
  return metric
}

export type Rows = { readonly group: readonly (string | null)[]; readonly label?: readonly (string | number | null)[]; readonly prediction: readonly (string | number | null)[] }
export type Setting = {
  readonly favorable?: string | number
  readonly positive?: string | number
  readonly view?: Partial<DatasetView>
  readonly options?: object
  readonly minimumGroupSize?: number
  readonly exclude?: readonly (readonly [number, string])[]
}

export function measure(name: string, rows: Rows, setting: Setting = {}): Measurement | NotApplicable {
  const { view, predictions } = viewOf(rows, {
    ...(rows.label && { label: 'label' }), prediction: 'prediction', sensitive: 'group',
    ...(setting.favorable !== undefined && { favorable: setting.favorable }), ...(setting.positive !== undefined && { positive: setting.positive }),
  })
  const data = { ...view, ...setting.view }
  const context: MetricContext<object> = {
    data, options: setting.options ?? {}, sensitive: data.sensitive[0], minimumGroupSize: setting.minimumGroupSize ?? 1,
    excludedGroups: new Map(setting.exclude ?? []), seed: 0,
  }
  const evaluate = metricOf(name).evaluate as unknown as (artifacts: ArtifactValues<ArtifactRequests>, context: MetricContext<object>) => Measurement | NotApplicable
  return evaluate({ predictions }, context)
}

export function measured(name: string, rows: Rows, setting?: Setting): Measurement {
  const result = measure(name, rows, setting)
  if ('notApplicable' in result) throw new Error(result.notApplicable)
  return result
}

/** Rows of a table of counts: { a: [[label, prediction, count], …] }. */
export function fromCounts(counts: Record<string, readonly (readonly [label: string | null, prediction: string | null, rows: number])[]>): { group: string[]; label: (string | null)[]; prediction: (string | null)[] } {
  const rows = { group: [] as string[], label: [] as (string | null)[], prediction: [] as (string | null)[] }
  for (const [group, cells] of Object.entries(counts)) {
    for (const [label, prediction, count] of cells) {
      for (let i = 0; i < count; i++) {
        rows.group.push(group)
        rows.label.push(label)
        rows.prediction.push(prediction)
      }
    }
  }
  return rows
}
