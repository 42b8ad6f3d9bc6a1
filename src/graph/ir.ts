/** @file The graph intermediate representation: what an ONNX file says, in plain objects that passes can rewrite. */
import type { Dim } from '../contracts/model.js'
import type { DType, Tensor } from '../contracts/tensor.js'

/** Where the bytes of an initializer lie outside the model file. */
export type ExternalData = { readonly location: string; readonly offset: number; readonly length: number | null; readonly checksum?: string }

/** A constant of the graph; `external` until its bytes are read. */
export type Initializer = Tensor | { readonly external: ExternalData; readonly dims: readonly number[]; readonly dtype: DType }

export type TensorType = { readonly kind: 'tensor'; readonly dtype: DType; readonly dims: readonly Dim[] | null }
export type ValueType =
  | TensorType
  | { readonly kind: 'sparse-tensor'; readonly dtype: DType; readonly dims: readonly Dim[] | null }
  | { readonly kind: 'sequence'; readonly element: ValueType }
  | { readonly kind: 'optional'; readonly element: ValueType }
  | { readonly kind: 'map'; readonly key: DType; readonly value: ValueType }

/** A named value. `type` is null where the file does not say. */
export type ValueInfo = { readonly name: string; readonly type: ValueType | null; readonly doc?: string; readonly metadata?: Readonly<Record<string, string>> }

export type SparseTensor = { readonly values: Initializer & { readonly name?: string }; readonly indices: Initializer; readonly dims: readonly number[] }

export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: Uint8Array }
  | { readonly type: 'tensor'; readonly value: Initializer & { readonly name?: string } }
  | { readonly type: 'sparse-tensor'; readonly value: SparseTensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'type'; readonly value: ValueType }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly type: 'tensors'; readonly value: readonly (Initializer & { readonly name?: string })[] }
  | { readonly type: 'sparse-tensors'; readonly value: readonly SparseTensor[] }
  | { readonly type: 'graphs'; readonly value: readonly Graph[] }
  | { readonly type: 'types'; readonly value: readonly ValueType[] }
  /** Inside a function body: the value of the caller's attribute of that name. */
  | { readonly type: 'reference'; readonly value: string; readonly of: string }

export type Node = {
  readonly name: string
  readonly opType: string
  /** '' is ai.onnx. */
  readonly domain: string
  readonly overload?: string
  /** '' is an absent optional input. */
  readonly inputs: readonly string[]
  /** '' is an output that nobody wants. */
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
  readonly doc?: string
  readonly metadata?: Readonly<Record<string, string>>
}

export type Graph = {
  readonly name: string
  /** Inputs that must be fed, without those that are initializers. */
  readonly inputs: readonly ValueInfo[]
  /** Names of initializers that the file also lists as inputs, which makes them overridable defaults. */
  readonly overridable: readonly string[]
  readonly outputs: readonly ValueInfo[]
  /** In an order in which every value is made before it is used. */
  readonly nodes: readonly Node[]
  readonly initializers: ReadonlyMap<string, Initializer>
  readonly sparseInitializers: ReadonlyMap<string, SparseTensor>
  /** What the file says about initializers in words. */
  readonly initializerNotes?: ReadonlyMap<string, { readonly doc?: string; readonly metadata?: Readonly<Record<string, string>> }>
  /** Types of internal values, as stated by the exporter or inferred. */
  readonly valueInfo: ReadonlyMap<string, ValueInfo>
  /** Versions by domain ('' is ai.onnx). Subgraphs share their parent's map. */
  readonly opsets: ReadonlyMap<string, number>
  readonly doc?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly quantization?: readonly { readonly tensor: string; readonly parameters: Readonly<Record<string, string>> }[]
}

/** A function defined in the model file; its body is a graph whose attributes may be references. */
export type FunctionDefinition = {
  readonly name: string
  readonly domain: string
  readonly overload?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: readonly string[]
  readonly attributeDefaults: ReadonlyMap<string, Attribute>
  readonly nodes: readonly Node[]
  readonly opsets: ReadonlyMap<string, number>
  readonly valueInfo: ReadonlyMap<string, ValueInfo>
  readonly doc?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** A whole ONNX file. */
export type OnnxModel = {
  readonly irVersion: number
  readonly producerName: string
  readonly producerVersion: string
  readonly domain: string
  readonly modelVersion: bigint
  readonly doc: string
  /** `metadata_props`; null-prototype. */
  readonly metadata: Readonly<Record<string, string>>
  readonly graph: Graph
  readonly functions: readonly FunctionDefinition[]
}

export const isExternal = (initializer: Initializer): initializer is Extract<Initializer, { external: ExternalData }> => 'external' in initializer

/** Version of ai.onnx that the graph imports. */
export const opsetOf = (graph: Pick<Graph, 'opsets'>, domain = ''): number => graph.opsets.get(domain) ?? (domain === '' ? graph.opsets.get('ai.onnx') ?? 1 : 0)

// ---- reading attributes; a missing one gives the default

/** Integer attribute as a number; values beyond ±2^53 are clamped, which is what INT64_MAX "to the end" means everywhere it occurs. */
export function intAttribute<D extends number | null>(node: Node, name: string, otherwise: D): number | D {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'int' ? toNumber(attribute.value) : otherwise
}
export function intsAttribute<D extends readonly number[] | null>(node: Node, name: string, otherwise: D): readonly number[] | D {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'ints' ? attribute.value.map(toNumber) : otherwise
}
export function floatAttribute<D extends number | null>(node: Node, name: string, otherwise: D): number | D {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'float' ? attribute.value : otherwise
}
export function stringAttribute<D extends string | null>(node: Node, name: string, otherwise: D): string | D {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'string' ? decoder.decode(attribute.value) : otherwise
}
export function tensorAttribute(node: Node, name: string): Initializer | null {
  const attribute = node.attributes.get(name)
  return attribute?.type === 'tensor' ? attribute.value : null
}

// ---- writing attributes

export const int = (value: number | bigint): Attribute => ({ type: 'int', value: BigInt(value) })
export const ints = (value: readonly (number | bigint)[]): Attribute => ({ type: 'ints', value: value.map(BigInt) })
export const float = (value: number): Attribute => ({ type: 'float', value })
export const string = (value: string): Attribute => ({ type: 'string', value: new TextEncoder().encode(value) })
export const tensorValue = (value: Tensor): Attribute => ({ type: 'tensor', value })

const decoder = new TextDecoder()
const clamp = (value: bigint) => (value > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : value < -BigInt(Number.MAX_SAFE_INTEGER) ? -BigInt(Number.MAX_SAFE_INTEGER) : value)
export const toNumber = (value: bigint): number => Number(clamp(value))
