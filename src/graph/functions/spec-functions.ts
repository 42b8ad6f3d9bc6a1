/** @file Operators that the ONNX specification defines by other operators. */
import { fromNumbers } from '../../tensor/tensor.js'
import { float, int, ints, string, tensorValue, type Attribute, type FunctionDefinition } from '../ir.js'
import { SPEC_TABLE } from './spec-table.js'

type StoredAttribute =
  | { readonly type: 'float' | 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints' | 'floats'; readonly value: readonly number[] }
  | { readonly type: 'tensor'; readonly dtype: 'float32' | 'float64' | 'int32' | 'int64' | 'bool'; readonly dims: readonly number[]; readonly value: readonly number[] }
  | { readonly type: 'reference'; readonly value: string; readonly of: string }
type StoredAttributes = Readonly<Record<string, StoredAttribute>>

/** One version of an operator, with one of its bodies. */
export type StoredFunction = {
  readonly name: string
  readonly since: number
  /** Version of ai.onnx that the body is written for. */
  readonly opset: number
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: readonly string[]
  readonly defaults: StoredAttributes
  readonly nodes: readonly (readonly [opType: string, inputs: readonly string[], outputs: readonly string[], attributes: StoredAttributes])[]
}


/** Names of the ai.onnx operators that have a body. */
export const specFunctionOps: ReadonlySet<string> = new Set(SPEC_TABLE.map(({ name }) => name))

/** What an operator of ai.onnx means in an opset, by other operators; null where the specification does not say so. */
export function specFunction(opType: string, opset: number): FunctionDefinition | null {
  const known = SPEC_TABLE.filter(({ name, since }) => name === opType && since <= opset)
  const since = Math.max(...known.map((body) => body.since))
  const bodies = known.filter((body) => body.since === since).sort((a, b) => a.opset - b.opset)
  const stored = bodies.findLast((body) => body.opset <= opset) ?? bodies.at(0)
  return stored === undefined ? null : definitionOf(stored)
}

function definitionOf({ name, opset, inputs, outputs, attributes, defaults, nodes }: StoredFunction): FunctionDefinition {
  return {
    name, domain: '', inputs, outputs, attributes,
    attributeDefaults: attributesOf(defaults),
    nodes: nodes.map(([opType, read, made, given]) => ({ name: '', opType, domain: '', inputs: read, outputs: made, attributes: attributesOf(given) })),
    opsets: new Map([['', opset]]),
    valueInfo: new Map(),
  }
}

const attributesOf = (stored: StoredAttributes): Map<string, Attribute> => new Map(Object.entries(stored).map(([name, attribute]) => [name, attributeOf(attribute)]))

function attributeOf(stored: StoredAttribute): Attribute {
  switch (stored.type) {
    case 'float': return float(stored.value)
    case 'int': return int(stored.value)
    case 'string': return string(stored.value)
    case 'ints': return ints(stored.value)
    case 'floats': return { type: 'floats', value: stored.value }
    case 'tensor': return tensorValue(fromNumbers(stored.value, stored.dims, stored.dtype))
    case 'reference': return stored
  }
}
