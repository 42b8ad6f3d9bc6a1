/**
 * @file JSON Schema (draft 2020-12) of report.json. Each object is declared against its type in report.ts, so that a field added to one
 * and not to the other does not compile.
 */
import type { Capability, DeviceCheck, DeviceDifference, DeviceRecord, Fallback, ModelInput, Prediction } from './model.js'
import type { ExcludedRows, Finding } from './dataset.js'
import type { Settle } from './report.js'
import type { ChangedSincePreviousAudit, Decision, Details, GroupKey, GroupResult, Interval, MetricCard, Report, Result, Threshold } from './report.js'
import { SCHEMA_VERSION } from './report.js'

export type JsonSchema = { readonly [keyword: string]: unknown }

type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]

/** A closed object: every field of T is named, and only T's optional fields may be absent. */
function shape<T extends object>(properties: { readonly [K in keyof Required<T>]: JsonSchema }, optional: readonly OptionalKeys<T>[] = []): JsonSchema {
  const required = Object.keys(properties).filter((key) => !(optional as readonly string[]).includes(key))
  return { type: 'object', additionalProperties: false, required, properties }
}

const ref = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` })
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items })
const map = (values: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties: values })
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] })
const oneOf = (...values: readonly string[]): JsonSchema => ({ type: 'string', enum: values })

const text: JsonSchema = { type: 'string' }
const textOrNull: JsonSchema = { type: ['string', 'null'] }
const number: JsonSchema = { type: 'number' }
const numberOrNull: JsonSchema = { type: ['number', 'null'] }
const count: JsonSchema = { type: 'integer', minimum: 0 }
const countOrNull: JsonSchema = { type: ['integer', 'null'], minimum: 0 }
const share: JsonSchema = { type: 'number', minimum: 0, maximum: 1 }
const shareOrNull: JsonSchema = { type: ['number', 'null'], minimum: 0, maximum: 1 }
const truth: JsonSchema = { type: 'boolean' }
const anything: JsonSchema = { type: 'object' }
const sha256: JsonSchema = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const cell: JsonSchema = { anyOf: [text, number, { type: 'null' }] }

type DetailsOf<K extends Details['type']> = Extract<Details, { type: K }>
type ModelPart = NonNullable<Report['model']>
type DataPart = Report['data']
type LabelPart = NonNullable<DataPart['label']>
type SensitivePart = DataPart['sensitive'][number]
type Run = Report['run']

const kind = (type: Details['type']): JsonSchema => ({ const: type })

const details: Record<Details['type'], JsonSchema> = {
  facts: shape<DetailsOf<'facts'>>({
    type: kind('facts'),
    title: text,
    items: list(shape<DetailsOf<'facts'>['items'][number]>({ name: text, value: { anyOf: [text, number, truth, { type: 'null' }] }, unit: text, note: text }, ['unit', 'note'])),
  }),
  table: shape<DetailsOf<'table'>>({
    type: kind('table'),
    title: text,
    caption: text,
    columns: list(shape<DetailsOf<'table'>['columns'][number]>({ key: text, title: text, unit: text }, ['unit'])),
    rows: list(map(cell)),
  }, ['caption']),
  bars: shape<DetailsOf<'bars'>>({
    type: kind('bars'),
    title: text,
    caption: text,
    unit: text,
    bars: list(shape<DetailsOf<'bars'>['bars'][number]>({ name: text, value: number, interval: orNull(ref('interval')) })),
  }, ['caption']),
  curve: shape<DetailsOf<'curve'>>({
    type: kind('curve'),
    title: text,
    caption: text,
    x: text,
    y: text,
    points: list(shape<DetailsOf<'curve'>['points'][number]>({ x: number, y: number, interval: orNull(ref('interval')) })),
    references: list(shape<{ name: string; y: number }>({ name: text, y: number })),
  }, ['caption', 'references']),
  groups: shape<DetailsOf<'groups'>>({
    type: kind('groups'),
    title: text,
    caption: text,
    unit: text,
    series: list(shape<DetailsOf<'groups'>['series'][number]>({ name: text, groups: list(ref('group')) })),
  }, ['caption']),
}

const tensor = shape<ModelInput>({ name: text, dtype: text, dims: orNull(list({ anyOf: [count, text, { type: 'null' }] })), batchAxis: countOrNull })

const capability: JsonSchema = {
  anyOf: [
    shape<Extract<Capability, { available: true }>>({ available: { const: true }, approximations: list(text) }, ['approximations']),
    shape<Extract<Capability, { available: false }>>({ available: { const: false }, reason: text }),
  ],
}

const model = shape<ModelPart>({
  path: text,
  format: text,
  sha256,
  bytes: count,
  externalFiles: list(shape<ModelPart['externalFiles'][number]>({ path: text, sha256 })),
  inputs: list(tensor),
  outputs: list(tensor),
  prediction: shape<Prediction>({
    output: textOrNull,
    kind: oneOf('logits', 'probabilities', 'score', 'label'),
    logits: textOrNull,
    labelOutput: textOrNull,
    classes: orNull(list(text)),
    labelClasses: list(text),
    columns: countOrNull,
  }, ['labelClasses']),
  fixedBatch: countOrNull,
  metadata: map(text),
  capabilities: shape<ModelPart['capabilities']>({ gradient: capability }),
  rowIndependent: truth,
  producer: text,
  opset: countOrNull,
})

const data = shape<DataPart>({
  path: text,
  sha256,
  bytes: count,
  rowsInFile: count,
  rows: count,
  label: orNull(shape<LabelPart>({ column: text, counts: list(shape<LabelPart['counts'][number]>({ value: text, rows: count })), missing: count })),
  labelMeaning: textOrNull,
  positive: textOrNull,
  favorable: textOrNull,
  sensitive: list(
    shape<SensitivePart>({
      columns: list(text),
      unknown: count,
      groups: list(shape<SensitivePart['groups'][number]>({ group: ref('groupKey'), n: count, favorableRate: shareOrNull, excluded: text }, ['excluded'])),
    }),
  ),
  features: list(text),
  excluded: list(ref('excludedRows')),
})

const deviceDifference = orNull(shape<DeviceDifference>({ rows: count, unsettled: count, largest: { type: 'number', minimum: 0 } }))
/** Also what a child says of its own part, which is not believed unseen. */
export const deviceRecordSchema = shape<DeviceRecord>({
  check: shape<DeviceCheck>({ predictions: deviceDifference, gradients: deviceDifference, tolerance: { type: 'number', exclusiveMinimum: 0 } }),
  fallbacks: list(shape<Fallback>({ operator: text, nodes: count, during: oneOf('predictions', 'gradients') })),
})
const device = deviceRecordSchema

const defs: Record<string, JsonSchema> = {
  interval: shape<Interval>({ low: number, high: number, confidence: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, method: text }),
  groupKey: list(shape<GroupKey[number]>({ column: text, value: text })),
  group: shape<GroupResult>({
    group: ref('groupKey'),
    n: count,
    denominator: count,
    value: numberOrNull,
    interval: orNull(ref('interval')),
    role: oneOf('compared', 'unknown', 'too-small', 'excluded'),
    reason: text,
  }, ['reason']),
  excludedRows: shape<ExcludedRows>({ reason: text, rows: count }),
  details: { type: 'object', properties: { type: text }, required: ['type'], discriminator: { propertyName: 'type' }, oneOf: Object.values(details) },
  threshold: shape<Threshold>({
    min: number,
    max: number,
    judge: oneOf('evidence', 'estimate'),
    onInsufficient: oneOf('fail', 'warn'),
    setBy: text,
    on: text,
    reason: text,
  }, ['min', 'max']),
  decision: shape<Decision>({
    direction: text,
    p: shareOrNull,
    pAdjusted: shareOrNull,
    familySize: count,
    pPass: shareOrNull,
    explanation: text,
    settle: orNull(
      shape<Settle>({
        smallestDecidableGap: numberOrNull,
        rowsPerGroup: shape<Settle['rowsPerGroup']>({ ifPass: numberOrNull, ifFail: numberOrNull }),
        limitingCell: text,
      }),
    ),
  }),
  metricCard: shape<MetricCard>({
    title: text,
    question: text,
    formula: text,
    meaning: text,
    range: { type: 'array', prefixItems: [numberOrNull, numberOrNull], items: false, minItems: 2 },
    ideal: numberOrNull,
    direction: text,
    references: list(shape<MetricCard['references'][number]>({ text, url: { type: 'string', format: 'uri' } }, ['url'])),
    limits: list(text),
  }),
  result: shape<Result>({
    key: { type: 'string', minLength: 1 },
    id: { type: 'string', pattern: '^[^/]+/.+$' },
    name: text,
    title: text,
    category: text,
    sensitive: list(text),
    parameters: anything,
    status: oneOf('pass', 'fail', 'insufficient', 'informative', 'not-applicable', 'error'),
    value: numberOrNull,
    unit: text,
    interval: orNull(ref('interval')),
    n: countOrNull,
    excluded: list(ref('excludedRows')),
    groups: list(ref('group')),
    threshold: orNull(ref('threshold')),
    decision: orNull(ref('decision')),
    reason: text,
    notes: list(text),
    details: list(ref('details')),
  }, ['name', 'title', 'reason']),
}

/** What report.json looks like. Numbers are finite doubles; what is undefined is null, never 0. */
export const reportSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:probity:schema:report:1',
  title: 'Probity report',
  ...shape<Report>({
    schemaVersion: { const: SCHEMA_VERSION },
    probity: shape<Report['probity']>({ version: text }),
    verdict: oneOf('pass', 'fail', 'insufficient', 'incomplete', 'not-judged'),
    summary: text,
    model: orNull(model),
    data,
    config: anything,
    configSha256: sha256,
    decisionRule: text,
    performance: orNull(
      shape<NonNullable<Report['performance']>>({ accuracy: share, balancedAccuracy: share, majorityClassAccuracy: share, majorityClass: text, n: count }),
    ),
    seed: { type: 'integer' },
    engine: shape<Report['engine']>({ name: text, version: text, provider: text, device }, ['device']),
    findings: list(shape<Finding>({ id: text, severity: oneOf('info', 'warning'), message: text, details: anything }, ['details'])),
    metrics: map(ref('metricCard')),
    results: list(ref('result')),
    notTested: list(shape<Report['notTested'][number]>({ what: text, reason: text })),
    run: shape<Run>({
      startedAt: { type: 'string', format: 'date-time' },
      durationMs: { type: 'number', minimum: 0 },
      host: shape<Run['host']>({ os: text, arch: text, cpu: text, node: text }),
      isolated: truth,
      confinement: shape<NonNullable<Run['confinement']>>({ addressSpace: truth, network: truth, processes: truth, files: truth }),
      command: text,
      artifacts: shape<Run['artifacts']>({ computed: count, reused: count }),
      warnings: list(text),
      changedSincePreviousAudit: orNull(
        shape<ChangedSincePreviousAudit>({
          previous: orNull(shape<NonNullable<ChangedSincePreviousAudit['previous']>>({ startedAt: { type: 'string', format: 'date-time' }, configSha256: sha256 })),
          changes: list(shape<ChangedSincePreviousAudit['changes'][number]>({ setting: text, previous: text, now: text })),
        }),
      ),
    }, ['changedSincePreviousAudit', 'confinement']),
  }),
  $defs: defs,
}
