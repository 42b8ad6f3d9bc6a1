/** @file What an operator takes and gives, by its version. */
import { opsetOf, type Attribute, type Graph, type Node } from '../ir.js'
import { OPERATOR_TABLE } from './operator-table.js'

/** `inputs`: per parameter its type variable or element type, `_` for any, with `?` where it may be absent and `*` where it may be repeated. `attributes`: name:type, with `!` where it must be there. */
export type OperatorRow = readonly [operator: string, since: number, leastInputs: number, leastOutputs: number, mostOutputs: number, inputs: string, attributes: string]

export type Parameter = { readonly type: string; readonly mayBeAbsent: boolean; readonly isRepeated: boolean }
export type Operator = {
  readonly leastInputs: number
  readonly mostInputs: number
  readonly leastOutputs: number
  readonly mostOutputs: number
  readonly inputs: readonly Parameter[]
  readonly attributes: ReadonlyMap<string, { readonly type: Attribute['type']; readonly isRequired: boolean }>
}

/** The operator in the version that the graph imports; null where no table has it. */
export function operatorOf(node: Node, graph: Pick<Graph, 'opsets'>): Operator | null {
  // Runtimes take the newest version of a domain that the file forgets to import.
  const opset = opsetOf(graph, node.domain) || Infinity
  const row = rowsOf(node.domain === '' ? node.opType : `${node.domain}:${node.opType}`).findLast(([, since]) => since <= opset)
  if (row === undefined) return null
  const known = parsed.get(row)
  if (known !== undefined) return known
  const operator = parse(row)
  parsed.set(row, operator)
  return operator
}

/** The parameter that an input stands for; null past the last. */
export const parameterOf = ({ inputs }: Operator, index: number): Parameter | null => inputs[index] ?? (inputs.at(-1)?.isRepeated ? inputs[inputs.length - 1] : null)

const rows = new Map<string, OperatorRow[]>()
const parsed = new Map<OperatorRow, Operator>()

function rowsOf(name: string): readonly OperatorRow[] {
  if (rows.size === 0) for (const row of OPERATOR_TABLE) rows.set(row[0], [...(rows.get(row[0]) ?? []), row])
  return rows.get(name) ?? []
}

function parse([, , leastInputs, leastOutputs, mostOutputs, inputTexts, attributeTexts]: OperatorRow): Operator {
  const inputs = words(inputTexts).map((text): Parameter => ({ type: text.replace(/[?*]$/, ''), mayBeAbsent: text.endsWith('?'), isRepeated: text.endsWith('*') }))
  const attributes = new Map(words(attributeTexts).map((text) => {
    const [name, type] = text.replace(/!$/, '').split(':')
    return [name, { type: type as Attribute['type'], isRequired: text.endsWith('!') }] as const
  }))
  return { leastInputs, mostInputs: inputs.at(-1)?.isRepeated ? Infinity : inputs.length, leastOutputs, mostOutputs, inputs, attributes }
}

const words = (text: string): string[] => (text === '' ? [] : text.split(' '))
