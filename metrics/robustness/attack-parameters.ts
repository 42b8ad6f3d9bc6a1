/** @file The parameters that attack metrics share, as JSON Schema. */

const number = { type: 'number' } as const
const pair = { type: 'array', items: number, minItems: 2, maxItems: 2 } as const

export const attackProperties = {
  epsilon: { type: 'number', exclusiveMinimum: 0, default: 0.1, description: 'Largest change of each value, in `unit`.' },
  unit: { enum: ['sd', 'range', 'raw', 'data'], description: 'sd: standard deviations of each column (default for tables); range: its observed range; raw: units of the model input (default for tensors such as images); data: units of the data, such as 0 to 255, before scale, mean and std.' },
  norm: { enum: ['linf'], default: 'linf', description: 'How the size of a change is measured.' },
  bounds: {
    description: "'observed', [low, high], or per column; in units of the model's input, or of the data where unit is data.",
    anyOf: [{ const: 'observed' }, pair, { type: 'object', additionalProperties: pair }],
  },
  mutable: { type: 'array', items: { type: 'string' }, minItems: 1, description: 'Columns that may change. Default: continuous ones; sensitive, binary, one-hot and integer columns are frozen.' },
  rows: { type: 'integer', minimum: 1, default: 500, description: 'How many rows are attacked: a seeded sample when there are more.' },
  curve: { type: 'array', items: { type: 'number', exclusiveMinimum: 0 }, maxItems: 20, description: 'Further epsilons for the curve. Default: half, twice and four times epsilon.' },
} as const
