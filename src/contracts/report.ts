/** @file report.json: the one document that every other format is made from. */
import type { DeviceRecord, EngineInfo, ModelSummary } from './model.js'
import type { ExcludedRows, Finding } from './dataset.js'

export const SCHEMA_VERSION = '1.0.0'

export type Verdict = 'pass' | 'fail' | 'insufficient' | 'incomplete' | 'not-judged'
export type Status = 'pass' | 'fail' | 'insufficient' | 'informative' | 'not-applicable' | 'error'

export type Interval = {
  readonly low: number
  readonly high: number
  /** Two-sided, 0.95 in reports. */
  readonly confidence: number
  readonly method: string
}

export type GroupKey = readonly { readonly column: string; readonly value: string }[]

export type GroupResult = {
  readonly group: GroupKey
  /** People in the group. */
  readonly n: number
  /** People in the denominator of the rate. */
  readonly denominator: number
  /** null when undefined (0/0). */
  readonly value: number | null
  readonly interval: Interval | null
  /** `compared`, or why it stands outside the comparison. */
  readonly role: 'compared' | 'unknown' | 'too-small' | 'excluded'
  readonly reason?: string
}

/** The closed set of shapes that reporters can draw. All text is plain; reporters escape it. */
export type Details =
  | { readonly type: 'facts'; readonly title: string; readonly items: readonly { readonly name: string; readonly value: string | number | boolean | null; readonly unit?: string; readonly note?: string }[] }
  | {
      readonly type: 'table'
      readonly title: string
      readonly caption?: string
      readonly columns: readonly { readonly key: string; readonly title: string; readonly unit?: string }[]
      readonly rows: readonly Readonly<Record<string, string | number | null>>[]
    }
  | {
      /** Bars with intervals, such as importance per column. */
      readonly type: 'bars'
      readonly title: string
      readonly caption?: string
      readonly unit: string
      readonly bars: readonly { readonly name: string; readonly value: number; readonly interval: Interval | null }[]
    }
  | {
      /** A curve with a band, such as accuracy against epsilon. */
      readonly type: 'curve'
      readonly title: string
      readonly caption?: string
      readonly x: string
      readonly y: string
      readonly points: readonly { readonly x: number; readonly y: number; readonly interval: Interval | null }[]
      /** Horizontal lines to compare with, such as the majority class's accuracy. */
      readonly references?: readonly { readonly name: string; readonly y: number }[]
    }
  | {
      /** A group table beyond the result's own `groups`: several rates side by side. */
      readonly type: 'groups'
      readonly title: string
      readonly caption?: string
      readonly unit: string
      readonly series: readonly { readonly name: string; readonly groups: readonly GroupResult[] }[]
    }

export type Threshold = {
  readonly min?: number
  readonly max?: number
  readonly judge: 'evidence' | 'estimate'
  readonly onInsufficient: 'fail' | 'warn'
  /** "not stated" when blank. */
  readonly setBy: string
  readonly on: string
  readonly reason: string
}

/** What the sample could decide, from stated alternatives and never from the observed gap. */
export type Settle = {
  /** With 80 % power at this sample; null when no alternative can be decided. */
  readonly smallestDecidableGap: number | null
  readonly rowsPerGroup: { readonly ifPass: number | null; readonly ifFail: number | null }
  readonly limitingCell: string
}

export type Decision = {
  /** "at most 0.1", "at least 0.8": which way the limit holds. */
  readonly direction: string
  /** One-sided p-value against "the threshold holds"; null with judge: estimate. */
  readonly p: number | null
  readonly pAdjusted: number | null
  readonly familySize: number
  /** One-sided p-value against "the threshold is violated". */
  readonly pPass: number | null
  readonly explanation: string
  readonly settle: Settle | null
}

/** The metric's own description, copied into each report so that any format can be made again from the JSON alone. */
export type MetricCard = {
  readonly title: string
  readonly question: string
  readonly formula: string
  readonly meaning: string
  readonly range: readonly [number | null, number | null]
  readonly ideal: number | null
  readonly direction: string
  readonly references: readonly { readonly text: string; readonly url?: string }[]
  readonly limits: readonly string[]
}

export type Result = {
  /** `id@column`, `id@a&b` for intersections, `id#name` for named entries. */
  readonly key: string
  readonly id: string
  readonly name?: string
  /** Instead of the metric's title, where that would claim too much of this result. */
  readonly title?: string
  /** The id before "/". */
  readonly category: string
  readonly sensitive: readonly string[]
  readonly parameters: Readonly<Record<string, unknown>>
  readonly status: Status
  readonly value: number | null
  readonly unit: string
  readonly interval: Interval | null
  /** Rows used, of the rows in the file. */
  readonly n: number | null
  readonly excluded: readonly ExcludedRows[]
  readonly groups: readonly GroupResult[]
  readonly threshold: Threshold | null
  readonly decision: Decision | null
  /** Why the status is what it is, where it is not obvious. */
  readonly reason?: string
  /** Direction in words, who is worse off, caveats of this very result. */
  readonly notes: readonly string[]
  readonly details: readonly Details[]
}

/** What differs from the latest audit of the same data whose settings were others: both values of each limit, group or seed. */
export type ChangedSincePreviousAudit = {
  /** null when the store knows of no earlier audit of these data. */
  readonly previous: { readonly startedAt: string; readonly configSha256: string } | null
  readonly changes: readonly { readonly setting: string; readonly previous: string; readonly now: string }[]
}

export type Report = {
  readonly schemaVersion: string
  readonly probity: { readonly version: string }
  readonly verdict: Verdict
  /** The first sentence of the report. */
  readonly summary: string
  readonly model:
    | ({ readonly path: string; readonly format: string; readonly sha256: string; readonly bytes: number; readonly externalFiles: readonly { readonly path: string; readonly sha256: string }[] } & Omit<ModelSummary, 'format' | 'engine' | 'fallbacks'>)
    | null
  readonly data: {
    readonly path: string
    readonly sha256: string
    readonly bytes: number
    readonly rowsInFile: number
    readonly rows: number
    readonly label: { readonly column: string; readonly counts: readonly { readonly value: string; readonly rows: number }[]; readonly missing: number } | null
    readonly labelMeaning: string | null
    readonly positive: string | null
    readonly favorable: string | null
    readonly sensitive: readonly {
      readonly columns: readonly string[]
      readonly unknown: number
      readonly groups: readonly { readonly group: GroupKey; readonly n: number; readonly favorableRate: number | null; readonly excluded?: string }[]
    }[]
    readonly features: readonly string[]
    readonly excluded: readonly ExcludedRows[]
  }
  /** What determines results; never out, format, workers or absolute paths. */
  readonly config: Readonly<Record<string, unknown>>
  readonly configSha256: string
  readonly decisionRule: string
  readonly performance: { readonly accuracy: number; readonly balancedAccuracy: number; readonly majorityClassAccuracy: number; readonly majorityClass: string; readonly n: number } | null
  readonly seed: number
  /** `device`: on a GPU, how its answers compare with the CPU's, and the operators that it left to the CPU. */
  readonly engine: EngineInfo & { readonly device?: DeviceRecord }
  readonly findings: readonly Finding[]
  readonly metrics: Readonly<Record<string, MetricCard>>
  readonly results: readonly Result[]
  readonly notTested: readonly { readonly what: string; readonly reason: string }[]
  readonly run: {
    readonly startedAt: string
    readonly durationMs: number
    readonly host: { readonly os: string; readonly arch: string; readonly cpu: string; readonly node: string }
    /** Whether children ran under a memory limit that the system enforces. */
    readonly isolated: boolean
    /** What the system kept children from, beyond that. Absent in reports of before it was recorded. */
    readonly confinement?: {
      readonly addressSpace: boolean
      readonly network: boolean
      readonly processes: boolean
      readonly files: boolean
    }
    readonly command: string
    readonly artifacts: { readonly computed: number; readonly reused: number }
    readonly warnings: readonly string[]
    /** null when nothing was kept from run to run, so that earlier audits cannot be known. Absent in reports of before it was recorded. */
    readonly changedSincePreviousAudit?: ChangedSincePreviousAudit | null
  }
}
