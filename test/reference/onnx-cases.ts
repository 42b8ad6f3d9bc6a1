/** @file The ONNX project's own cases of single operators, as models with inputs and expected outputs. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { fromBinary } from '@bufbuild/protobuf'
import type { DType, Tensor } from '../../src/contracts/tensor.js'
import { readTensor } from '../../src/graph/codec/read-tensor.js'
import { isExternal, readModel, type Graph } from '../../src/graph/index.js'
import { TensorProtoSchema } from '../../src/graph/onnx-proto.js'
import { sizeOf } from '../../src/tensor/dtypes.js'
import { fromTensor, refTensor, type RefTensor } from './tensor.js'

/** What a value of a case is: a tensor, a sequence, or an empty optional. */
export type CaseValue = RefTensor | readonly CaseValue[] | null

type Place = readonly [offset: number, length: number]
type StoredValue = Place | readonly StoredValue[] | null
type StoredCase = {
  readonly name: string
  /** With its domain where that is not ai.onnx. */
  readonly operator: string
  /** Operators of all nodes, subgraphs included. */
  readonly uses: readonly string[]
  /** The body of the operator, written out by ONNX as a graph of simpler ones. */
  readonly expanded?: true
  /** Floats go in and floats come out, so that there is a gradient to speak of. */
  readonly floats?: true
  readonly model: Place
  readonly inputs: readonly StoredValue[]
  readonly outputs: readonly StoredValue[]
}
type Index = { readonly onnx: string; readonly cases: readonly StoredCase[]; readonly leftOut: readonly { readonly name: string; readonly operator: string; readonly reason: string }[] }

const file = gunzipSync(readFileSync(new URL('../fixtures/reference/onnx-cases.bin.gz', import.meta.url)))
const indexLength = file.readUInt32LE(0)
const index = JSON.parse(file.toString('utf8', 4, 4 + indexLength)) as Index
// A copy at an offset of its own: typed arrays are viewed only where they are aligned.
const bytesAt = ([offset, length]: Place): Uint8Array => Uint8Array.from(file.subarray(4 + indexLength + offset, 4 + indexLength + offset + length))

/** Cases that the fixture does not hold, each with its reason. */
export const leftOut = index.leftOut

/** One case; model and values are read when they are asked for. */
export class OnnxCase {
  constructor(private readonly stored: StoredCase) {}

  get name(): string {
    return this.stored.name
  }
  get operator(): string {
    return this.stored.operator
  }
  get uses(): readonly string[] {
    return this.stored.uses
  }
  get expanded(): boolean {
    return this.stored.expanded === true
  }
  get floats(): boolean {
    return this.stored.floats === true
  }
  readonly graph = once((): Graph => readModel(bytesAt(this.stored.model)).graph)
  readonly inputs = once((): readonly CaseValue[] => this.stored.inputs.map(restore))
  readonly outputs = once((): readonly CaseValue[] => this.stored.outputs.map(restore))

  /** Inputs by name. */
  feeds(): Map<string, CaseValue> {
    return new Map(this.graph().inputs.map(({ name }, i) => [name, this.inputs()[i]]))
  }
}

export const onnxCases: readonly OnnxCase[] = index.cases.map((stored) => new OnnxCase(stored))

export const isTensor = (value: CaseValue): value is RefTensor => value !== null && 'dims' in value

/** Every tensor of a value, those of sequences included. */
export const tensorsOf = (value: CaseValue): readonly RefTensor[] => (value === null ? [] : isTensor(value) ? [value] : value.flatMap(tensorsOf))

export function byOperator(cases: readonly OnnxCase[]): Map<string, OnnxCase[]> {
  const groups = new Map<string, OnnxCase[]>()
  for (const one of cases) groups.set(one.operator, [...(groups.get(one.operator) ?? []), one])
  return groups
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

function restore(stored: StoredValue): CaseValue {
  if (stored === null) return null
  if (typeof stored[0] !== 'number') return (stored as readonly StoredValue[]).map(restore)
  const tensor = readTensor(fromBinary(TensorProtoSchema, bytesAt(stored as Place)), 'a value of a case')
  if (isExternal(tensor)) throw new Error('the values of cases lie in the file')
  return decode(tensor)
}

function decode(tensor: Tensor): RefTensor {
  const { dims, dtype } = tensor
  const small = SMALL[dtype]
  if (small === undefined) return fromTensor(tensor)
  const bytes = tensor.data as Uint8Array
  const perByte = 8 / small.bits
  const element = (i: number) => (bytes[Math.floor(i / perByte)] >> ((i % perByte) * small.bits)) & (2 ** small.bits - 1)
  return refTensor(dims, Array.from({ length: sizeOf(dims) }, (_, i) => small.decode(element(i))), dtype)
}

const signed = (bits: number) => ({ bits, decode: (value: number) => (value >= 2 ** (bits - 1) ? value - 2 ** bits : value) })
const unsigned = (bits: number) => ({ bits, decode: (value: number) => value })
const eight = (exponentBits: number, bias: number, special: (bits: number) => number | null) => ({ bits: 8, decode: (bits: number) => special(bits) ?? smallFloat(bits, 8, exponentBits, bias) })

/** IEEE layout: sign, exponent, fraction. */
function smallFloat(bits: number, width: number, exponentBits: number, bias: number): number {
  const fractionBits = width - 1 - exponentBits
  const sign = bits >> (width - 1) ? -1 : 1
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1)
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias))
}

/** Element types below 16 bits, as ONNX defines them; packed from the low end of each byte. */
const SMALL: Readonly<Partial<Record<DType, { bits: number; decode: (bits: number) => number }>>> = {
  int4: signed(4), uint4: unsigned(4), int2: signed(2), uint2: unsigned(2),
  float4e2m1: { bits: 4, decode: (bits) => smallFloat(bits, 4, 2, 1) },
  float8e4m3fn: eight(4, 7, (bits) => ((bits & 0x7f) === 0x7f ? NaN : null)),
  float8e4m3fnuz: eight(4, 8, (bits) => (bits === 0x80 ? NaN : null)),
  float8e5m2: eight(5, 15, (bits) => ((bits & 0x7f) > 0x7c ? NaN : (bits & 0x7f) === 0x7c ? (bits >> 7 ? -Infinity : Infinity) : null)),
  float8e5m2fnuz: eight(5, 16, (bits) => (bits === 0x80 ? NaN : null)),
  float8e8m0: { bits: 8, decode: (bits) => (bits === 0xff ? NaN : 2 ** (bits - 127)) },
}
