/** @file What a reader must know where a GPU ran the model. */
import type { Finding } from '../contracts/dataset.js'
import type { DeviceDifference, DeviceRecord, Fallback } from '../contracts/model.js'

export function deviceFindings(device: DeviceRecord | null): Finding[] {
  if (device === null) return []
  const { check, fallbacks } = device
  return [...uncheckedFinding('predictions', check.predictions), ...uncheckedFinding('gradients', check.gradients), ...fallbackFinding(fallbacks)]
}

/** A check that no row could decide is no check. */
function uncheckedFinding(what: string, difference: DeviceDifference | null): Finding[] {
  if (difference === null || difference.rows === 0 || difference.unsettled < difference.rows) return []
  return [{
    id: `device-${what}-unchecked`, severity: 'warning',
    message: `The GPU's ${what} could not be held against the CPU's: all ${difference.rows} rows that were computed on both change as much on the CPU alone when inputs move by a rounding error.`,
  }]
}

function fallbackFinding(fallbacks: readonly Fallback[]): Finding[] {
  if (fallbacks.length === 0) return []
  const listed = (during: Fallback['during']) => fallbacks.filter((fallback) => fallback.during === during).map(({ operator, nodes }) => `${operator} ×${nodes}`)
  const inWords = (['predictions', 'gradients'] as const).filter((during) => listed(during).length > 0).map((during) => `in ${during} ${listed(during).join(', ')}`)
  return [{ id: 'device-fallbacks', severity: 'info', message: `The GPU lacks some operators, which the CPU ran: ${inWords.join('; ')}. That costs time, not exactness.` }]
}
