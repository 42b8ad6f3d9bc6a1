/** @file What the checks of a GPU found, job by job, as one record for the report. */
import type { DeviceCheck, DeviceDifference, DeviceRecord, Fallback } from '../contracts/model.js'

/** Records of several jobs as one: rows add up, the largest differences and the most fallbacks count. */
export function mergeRecords(records: readonly DeviceRecord[]): DeviceRecord | null {
  const [first] = records
  if (first === undefined) return null
  const check: DeviceCheck = {
    predictions: mergeDifferences(records.map((record) => record.check.predictions)),
    gradients: mergeDifferences(records.map((record) => record.check.gradients)),
    tolerance: Math.max(...records.map((record) => record.check.tolerance)),
  }
  return { check, fallbacks: mergeFallbacks(records.flatMap(({ fallbacks }) => fallbacks)) }
}

function mergeDifferences(all: readonly (DeviceDifference | null)[]): DeviceDifference | null {
  const some = all.filter((one) => one !== null)
  if (some.length === 0) return null
  const sum = (key: 'rows' | 'unsettled') => some.reduce((total, one) => total + one[key], 0)
  return { rows: sum('rows'), unsettled: sum('unsettled'), largest: Math.max(...some.map(({ largest }) => largest)) }
}

/** By operator, in the order of names, since jobs end in any order. */
function mergeFallbacks(all: readonly Fallback[]): Fallback[] {
  const most = new Map<string, Fallback>()
  for (const fallback of all) {
    const key = `${fallback.during} ${fallback.operator}`
    if ((most.get(key)?.nodes ?? 0) < fallback.nodes) most.set(key, fallback)
  }
  return [...most].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fallback]) => fallback)
}
