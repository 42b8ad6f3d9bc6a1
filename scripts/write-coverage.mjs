/**
 * @file Writes COVERAGE.md: which operators have gradients, how, by what each is proven, and its convention, all read from the sources and fixtures.
 * With --check it writes nothing and fails where the file is stale.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createJiti } from 'jiti'
import { docComments } from './coverage/doc-comments.mjs'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const json = (path) => JSON.parse(readFileSync(at(path), 'utf8'))
const jiti = createJiti(import.meta.url)
const load = (path) => jiti.import(at(path))

const { constantOps, loweredOps, ruledOps } = await load('src/autodiff/index.ts')
const { specFunctions } = await load('src/autodiff/lowerings/spec-functions.ts')
const { checkedCases, floatCases, whyUnchecked } = await load('test/conformance/onnx-gradients.ts')
const exceptions = await load('test/conformance/onnx-gradient-exceptions.ts')
const schemas = json('test/fixtures/reference/onnx-schemas.json')
const ties = json('test/fixtures/conformance/ties.json').cases
const drawn = await drawnCases()

const RULES = docComments(at('src/autodiff/rules/index.ts'), 'DOMAINS')
const LOWERINGS = docComments(at('src/autodiff/lowerings/index.ts'), 'DOMAINS')
const plural = (count, one) => `${count} ${one}${count === 1 ? '' : 's'}`

/** Names of the drawn cases of the conformance suite. */
async function drawnCases() {
  const folder = 'test/conformance/cases/'
  const modules = await Promise.all(readdirSync(at(folder)).filter((name) => name.endsWith('.ts')).map((name) => load(folder + name)))
  const tables = modules.flatMap((module) => Object.values(module)).filter((table) => table !== null && typeof table === 'object' && Object.values(table).every((make) => typeof make === 'function'))
  return [...new Set(tables.flatMap((table) => Object.keys(table)))].sort()
}

const known = new Map(schemas.operators.map((schema) => [schema.domain === '' ? schema.name : `${schema.domain}:${schema.name}`, schema]))
const domainOf = (operator) => (operator.includes(':') ? operator.slice(0, operator.indexOf(':')) : '')
const plainName = (operator) => operator.slice(operator.indexOf(':') + 1)

const has = { rule: new Set(ruledOps), lowering: new Set(loweredOps), constant: new Set(constantOps) }
const isSpecified = (operator) => domainOf(operator) === '' && Object.hasOwn(specFunctions, operator)

function how(operator) {
  if (operator in exceptions.REPLACED) return `upgraded to ${exceptions.REPLACED[operator]}`
  if (has.lowering.has(operator)) return isSpecified(operator) ? 'body from the specification' : 'lowering'
  return has.rule.has(operator) ? 'rule' : 'constant'
}

/** What is before the first whole sentence that makes the text too long. */
function shortened(text) {
  const [first, ...rest] = text.split(/(?<=[.;]) (?=[A-Zd])/)
  let short = first
  for (const sentence of rest) {
    if (short.length + sentence.length > 220) break
    short += ` ${sentence}`
  }
  return short.replace(/;$/, '').replaceAll('|', '\\|')
}

function convention(operator) {
  if (operator in exceptions.REPLACED) return ''
  if (has.constant.has(operator) && !has.rule.has(operator) && !has.lowering.has(operator)) return 'No gradient passes.'
  const table = has.lowering.has(operator) ? LOWERINGS : RULES
  return shortened(table.get(domainOf(operator))?.get(plainName(operator)) ?? '')
}

function proof(operator) {
  const cases = checkedCases.filter((one) => one.operator === operator)
  const bodies = cases.filter(({ expanded }) => expanded).length
  const label = domainOf(operator) === '' ? operator : `${domainOf(operator)} ${plainName(operator)}`
  const named = drawn.filter((name) => name === label || name.startsWith(`${label} `))
  const tied = ties.filter(({ op }) => op === operator).length
  return [
    cases.length > bodies ? plural(cases.length - bodies, 'ONNX case') : '',
    bodies > 0 ? `${bodies} written out` : '',
    named.length > 0 ? plural(named.length, 'drawn kind') : '',
    tied > 0 ? `${plural(tied, 'tie')} against PyTorch` : '',
  ].filter((text) => text !== '').join('; ')
}

const row = (cells) => `| ${cells.join(' | ')} |`
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
const operatorRow = (operator) => [plainName(operator), (known.get(operator)?.versions ?? []).join(', '), how(operator), proof(operator), convention(operator)]

function domainSection(domain, operators) {
  return `## ${domain === '' ? 'ai.onnx' : domain}\n\n${table(['operator', 'versions', 'how', 'proof', 'gradient and convention'], operators.sort().map(operatorRow))}`
}

const answered = [...new Set([...ruledOps, ...loweredOps, ...constantOps, ...Object.keys(exceptions.REPLACED)])]
const byDomain = new Map()
for (const operator of answered) byDomain.set(domainOf(operator), [...(byDomain.get(domainOf(operator)) ?? []), operator])

const flow = (operators) => operators.filter((operator) => !has.constant.has(operator))
const differentiable = schemas.operators.filter(({ differentiable, deprecated }) => differentiable.length > 0 && !deprecated).map(({ domain, name }) => (domain === '' ? name : `${domain}:${name}`))
const missing = differentiable.filter((operator) => !answered.includes(operator))
const checked = checkedCases.filter(({ expanded }) => !expanded).length
const single = floatCases.filter(({ expanded }) => !expanded).length

const unchecked = new Map()
for (const one of floatCases) {
  const reason = whyUnchecked(one)
  if (reason !== null) unchecked.set(reason, [...(unchecked.get(reason) ?? []), one.name])
}
const undescribed = flow(answered).filter((operator) => !(operator in exceptions.REPLACED) && convention(operator) === '')

const list = (names) => [...names].sort().join(', ')
const reasons = (groups) => Object.entries(groups).filter(([, names]) => names.length > 0)

const text = `# Coverage

Which ONNX operators have a gradient, how it comes about, and what proves it. \`npm run coverage-table\` writes this page from the sources and the fixtures.

- ${flow(answered).length} operators pass a gradient, ${answered.length - flow(answered).length} are constant: their results do not change with small changes of their inputs.
- ${differentiable.length - missing.length} of the ${differentiable.length} operators that the schemas of onnx ${schemas.onnx} call differentiable have an answer here${missing.length === 0 ? '' : `; without one: ${list(missing)}`}.
- ${checked} of the ${single} cases of single operators in the ONNX backend tests with floats on both sides, and ${checkedCases.length - checked} of the ${floatCases.length - single} bodies that they write out,
  pass a check of all their gradients against central differences in double precision (relative 1e-3, absolute 1e-5). The others are listed below with their reason.

*Versions* are those in which the operator changed; graphs are brought from opset 7 or newer to opset 18, or stay in a newer one. A *rule* states the gradient;
a *lowering* writes the operator in others that have rules. *Drawn* kinds of cases have attributes, shapes and values drawn at random, and are run in double precision and on ONNX Runtime, with
static, symbolic and unknown shapes. U(…) sums over the axes that broadcasting repeated.

${[...byDomain].sort(([a], [b]) => a.localeCompare(b)).map(([domain, operators]) => domainSection(domain, operators)).join('\n\n')}

## Operators without a gradient

Differentiating a path through one of them is an error that names the node.

${table(['reason', 'operators'], reasons(exceptions.NO_RULE).map(([reason, names]) => [reason, list(names)]))}

## What the checks leave out

${table(['ONNX cases that are not compared, as', 'cases'], [...unchecked].sort(([a], [b]) => a.localeCompare(b)).map(([reason, names]) => [reason, list(names)]))}

${table(['compared where every float is raised by up to 0.01, as they lie', 'cases'], reasons(exceptions.NUDGED).map(([reason, names]) => [reason, list(names)]))}

${table(['operator', 'inputs without a gradient', 'reason'], Object.entries(exceptions.SETTINGS).map(([operator, { inputs, reason }]) => [operator, inputs.join(', '), reason]))}

${table(['operator', 'what must be known before the graph runs'], Object.entries(exceptions.BOUND))}

${table(['operators that refuse some graphs', 'where'], [[list(exceptions.NEEDS.symbolic), 'sizes are symbols'], [list(exceptions.NEEDS.unknown), 'the number of axes is unknown']])}
`

if (undescribed.length > 0) {
  console.error(`No comment says what the gradient is of: ${list(undescribed)}. Write one at the entry of the rule or lowering.`)
  process.exitCode = 1
}
const path = at('COVERAGE.md')
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    console.error('COVERAGE.md is stale. Run: npm run coverage-table')
    process.exitCode = 1
  }
} else {
  writeFileSync(path, text)
}
