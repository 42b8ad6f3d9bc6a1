/** @file JSON Schema of probity.config.*, published as schema/config.schema.json. */
import { MODEL_LIMITS } from '../contracts/model-limits.js'

const text = { type: 'string', minLength: 1 } as const
const names = { type: 'array', items: text, uniqueItems: true } as const
/** Class labels are written as text, numbers or booleans; they are compared with the file's own strings. */
const classLabel = { type: ['string', 'number', 'boolean'] } as const
const record = (values: object) => ({ type: 'object', additionalProperties: values }) as const

const perChannel = (value: object) => ({ anyOf: [value, { type: 'array', items: value, minItems: 1 }] }) as const

const inputMapping = {
  type: 'object',
  additionalProperties: false,
  properties: {
    columns: { description: "Column names, or one pattern in which * stands for anything: 'pixel_*'.", anyOf: [text, { ...names, minItems: 1 }] },
    array: { ...text, description: "An array of a NumPy file, instead of columns; the images of an image folder are the array 'image'." },
    shape: { description: 'Shape of the tensor; the first size may be the batch.', type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 1 },
    scale: { description: 'Every value is multiplied by this.', type: 'number', not: { const: 0 } },
    mean: { description: 'Arrays: subtracted after scale; one number or one per channel.', ...perChannel({ type: 'number' }) },
    std: { description: 'Arrays: divided by after mean; one number or one per channel.', ...perChannel({ type: 'number', exclusiveMinimum: 0 }) },
    layout: { description: "Arrays: whether the model's input has its channels first or last.", enum: ['nchw', 'nhwc'] },
  },
} as const

const images = {
  type: 'object',
  additionalProperties: false,
  dependentRequired: { column: ['folder'], folder: ['column'] },
  properties: {
    column: { ...text, description: 'The column of data.path that names the image files. Without it, data.path is a folder with one folder per class.' },
    folder: { ...text, description: 'The folder of these files.' },
    fit: { description: "How an image becomes as large as the model's input: cover (default) keeps proportions and cuts the edges, fill stretches.", enum: ['cover', 'fill'] },
    colors: { description: "Order of the colours in the model's input. Default: rgb, or gray for one channel.", enum: ['rgb', 'bgr', 'gray'] },
    size: { description: '[height, width], where the model takes any.', type: 'array', items: { type: 'integer', minimum: 1, maximum: 8192 }, minItems: 2, maxItems: 2 },
  },
} as const

const model = {
  type: 'object',
  additionalProperties: false,
  required: ['path'],
  properties: {
    path: { ...text, description: 'An ONNX file.' },
    inputs: { ...record(inputMapping), description: 'How model inputs are filled from columns; needed when columns and inputs do not match by themselves.' },
    memory: { description: 'low: gradients compute activations again instead of keeping them, in about one more forward pass. Default normal.', enum: ['normal', 'low'] },
    limits: {
      description: 'What the model may be before any runtime sees it. Raise them only for models from a source that you trust.',
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(Object.entries(MODEL_LIMITS).map(([limit, { initial, what }]) => [limit, { description: `${what} Default ${initial}.`, type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }])),
    },
    output: {
      type: 'object',
      additionalProperties: false,
      properties: {
        name: text,
        kind: { enum: ['logits', 'probabilities', 'score', 'label'] },
        classes: { description: 'Label value of each output column, in order.', type: 'array', items: classLabel, minItems: 2 },
      },
    },
  },
} as const

const data = {
  type: 'object',
  additionalProperties: false,
  required: ['path'],
  properties: {
    path: { ...text, description: 'A CSV, Parquet, JSON-lines or NumPy file (.npy, .npz), or a folder with one folder of images per class.' },
    format: { enum: ['csv', 'parquet', 'jsonl', 'npy', 'npz', 'images'] },
    delimiter: { enum: [',', ';', '\t', '|'] },
    arrays: { ...names, minItems: 1, description: 'The arrays of an .npz file that are read. Default: all.' },
    images,
    label: { ...text, description: 'Column with the true classes.' },
    positive: { ...classLabel, description: 'The class the model detects; prediction = 1 and score speak of it. 0/1 labels default to 1.' },
    favorable: { ...classLabel, description: 'The outcome a person wants; selection rates and error rates of fairness metrics count it.' },
    features: { ...names, description: 'Columns the model receives. Default: every column without another role.' },
    encode: record({ anyOf: [{ const: 'one-hot' }, { ...record({ type: 'number' }), minProperties: 1 }] }),
    sensitive: { ...names, description: 'Columns whose groups are compared.' },
    bins: record({ type: 'array', items: { type: 'number' }, minItems: 1 }),
    intersections: { type: 'array', items: { ...names, minItems: 2 } },
    exclude: {
      description: 'Groups left out of the judged comparison; the report prints the reason.',
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['group', 'reason'],
        properties: { group: { ...record({ type: ['string', 'number'] }), minProperties: 1 }, reason: text },
      },
    },
    minimumGroupSize: { description: 'Fewer people than this in a denominator cannot be judged. Default 30.', type: 'integer', minimum: 1 },
    labelMeaning: { description: 'What the label records: what happened, what a person decided, or a stand-in for either.', enum: ['outcome', 'human-decision', 'proxy'] },
    rows: {
      description: "'1200:1797' (0-based, half-open), { range: [1200, 1797] } or { sample: 500 }.",
      anyOf: [
        { type: 'string', pattern: '^\\d*:\\d*$' },
        { type: 'object', additionalProperties: false, required: ['range'], properties: { range: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 } } },
        { type: 'object', additionalProperties: false, required: ['sample'], properties: { sample: { type: 'integer', minimum: 1 } } },
      ],
    },
    prediction: { ...text, description: 'Column with stored predicted classes: an audit without a model.' },
    score: { ...text, description: 'Column with stored scores of `positive`.' },
    weight: text,
    cluster: text,
    control: names,
  },
} as const

const auditEntry = {
  type: 'object',
  properties: {
    name: { ...text, pattern: '^[A-Za-z0-9][A-Za-z0-9 ._-]*$' },
    min: { type: 'number' },
    max: { type: 'number' },
    judge: { enum: ['evidence', 'estimate'] },
    onInsufficient: { enum: ['fail', 'warn'] },
    setBy: text,
    on: text,
    reason: text,
  },
} as const

export const configSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://probity.dev/schema/config.schema.json',
  title: 'Probity configuration',
  type: 'object',
  additionalProperties: false,
  required: ['data'],
  properties: {
    $schema: { type: 'string' },
    model,
    data,
    decision: {
      description: 'How a class is chosen. Default: the most likely class, which the report says was assumed.',
      type: 'object',
      additionalProperties: false,
      properties: { threshold: { type: 'number', minimum: 0, maximum: 1 } },
    },
    audits: {
      description: 'Metric id to threshold and parameters; a list gives one metric several entries. Absent: everything that data and model allow, nothing judged.',
      type: 'object',
      minProperties: 1,
      additionalProperties: { anyOf: [{ const: true }, auditEntry, { type: 'array', items: auditEntry, minItems: 1 }] },
    },
    seed: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    plugins: { ...names, description: 'Modules with further metrics. Code: refused with --no-code.' },
  },
} as const
