/** @file probity metrics [id] */
import { nearest } from '../../contracts/near-names.js'
import { ProbityError } from '../../contracts/errors.js'
import { metrics } from '../../../metrics/index.js'
import { print } from '../output.js'

export async function metricsCommand(id: string | undefined): Promise<number> {
  if (id === undefined) {
    const width = Math.max(...metrics.map((metric) => metric.id.length))
    for (const metric of metrics) print(`${metric.id.padEnd(width)}  ${metric.title}`)
    return 0
  }
  const metric = metrics.find((candidate) => candidate.id === id)
  if (!metric) throw new ProbityError('config/unknown-metric', `${id} is not a metric. ${nearest(id, metrics.map((candidate) => candidate.id))} "probity metrics" lists them.`)
  print(`${metric.id}: ${metric.title}`)
  print(`  Question    ${metric.question}`)
  print(`  Formula     ${metric.formula}`)
  print(`  Meaning     ${metric.meaning}`)
  print(`  Range       ${metric.range.join(' to ')}${metric.ideal === null ? '' : `, ideal ${metric.ideal}`}, ${metric.direction}, in ${metric.unit}`)
  print(`  Limits      ${metric.judged ? 'min and max are judged with evidence' : 'informative: carries no limit'}`)
  const parameters = Object.entries((metric.parameters['properties'] ?? {}) as Record<string, { description?: string; default?: unknown }>)
  for (const [name, { description, default: otherwise }] of parameters) {
    print(`  Parameter   ${name}${otherwise === undefined ? '' : ` (default ${JSON.stringify(otherwise)})`}${description ? `: ${description}` : ''}`)
  }
  for (const limit of metric.limits) print(`  Caveat      ${limit}`)
  for (const reference of metric.references) print(`  Reference   ${reference.text}${reference.url ? ` ${reference.url}` : ''}`)
  return 0
}
