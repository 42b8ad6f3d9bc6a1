/** @file Checks a configuration against its schema; an error names line, field, and what would be right. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import type { ProbityConfig } from '../contracts/config.js'
import { ProbityError } from '../contracts/errors.js'
import { nearest } from '../contracts/near-names.js'
import { configSchema } from './schema.js'

/** Line of the value at a path of keys, where the source has lines. */
export type Locate = (path: readonly string[]) => number | null

let compiled: ValidateFunction<ProbityConfig> | null = null

/**
 * @param source the file, or "the command line"
 * @throws ProbityError config/invalid, one line for the first thing that is wrong
 */
export function validateConfig(value: unknown, source: string, locate: Locate = () => null): ProbityConfig {
  const validate = (compiled ??= new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile<ProbityConfig>(configSchema))
  if (validate(value)) return value
  const error = mostSpecific(validate.errors ?? [])
  const path = error.instancePath.split('/').slice(1).map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'))
  const key = error.keyword === 'additionalProperties' ? String(error.params['additionalProperty']) : null
  const line = locate(key === null ? path : [...path, key]) ?? locate(path)
  const field = [...path, ...(key === null ? [] : [key])].join('.') || 'the configuration'
  throw new ProbityError('config/invalid', `${source}${line === null ? '' : `, line ${line}`}: ${field} ${explain(error, path)}`)
}

/** Of an anyOf's many complaints, the deepest is the one about what the user meant. */
function mostSpecific(errors: readonly ErrorObject[]): ErrorObject {
  const concrete = errors.filter(({ keyword }) => keyword !== 'anyOf')
  const depth = (error: ErrorObject) => error.instancePath.split('/').length + (error.keyword === 'additionalProperties' ? 0.5 : 0)
  return [...(concrete.length > 0 ? concrete : errors)].sort((a, b) => depth(b) - depth(a))[0]
}

function explain(error: ErrorObject, path: readonly string[]): string {
  const { keyword, params } = error
  if (keyword === 'additionalProperties') {
    const known = Object.keys(propertiesAt(path))
    return `is not a known field. ${nearest(String(params['additionalProperty']), known)}`
  }
  if (keyword === 'required') return `needs the field ${String(params['missingProperty'])}.`
  if (keyword === 'const' && params['allowedValue'] === true) return 'must be true, a record of limits and parameters such as { max: 0.1 }, or a list of such records.'
  if (keyword === 'enum') return `must be one of ${(params['allowedValues'] as unknown[]).map(String).join(', ')}.`
  if (keyword === 'type') return `must be ${([] as string[]).concat(params['type'] as string | string[]).join(' or ')}.`
  if (keyword === 'pattern') return `does not have the expected form (${String(params['pattern'])}).`
  return `${error.message ?? 'is wrong'}.`
}

/** The schema's fields at a path, for suggesting near names. */
function propertiesAt(path: readonly string[]): Record<string, unknown> {
  let schema: Record<string, unknown> = configSchema as unknown as Record<string, unknown>
  for (const key of path) {
    const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>
    const next = properties[key] ?? schema['additionalProperties']
    if (typeof next !== 'object' || next === null) return {}
    schema = next as Record<string, unknown>
  }
  return (schema['properties'] ?? {}) as Record<string, unknown>
}
