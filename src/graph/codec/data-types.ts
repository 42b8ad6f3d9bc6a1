/** @file ONNX element type numbers (TensorProto.DataType) and Probity's dtype names. */
import { ProbityError } from '../../contracts/errors.js'
import type { DType } from '../../contracts/tensor.js'

const NUMBERS: Readonly<Record<DType, number>> = {
  float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, float64: 11,
  uint32: 12, uint64: 13, complex64: 14, complex128: 15, bfloat16: 16,
  float8e4m3fn: 17, float8e4m3fnuz: 18, float8e5m2: 19, float8e5m2fnuz: 20,
  uint4: 21, int4: 22, float4e2m1: 23, float8e8m0: 24, uint2: 25, int2: 26,
}
const DTYPES: ReadonlyMap<number, DType> = new Map((Object.entries(NUMBERS) as [DType, number][]).map(([dtype, number]) => [number, dtype]))

export const dataTypeNumber = (dtype: DType): number => NUMBERS[dtype]

/** The dtype of an ONNX element type number, or null for 0 (undefined) and numbers that are not supported. */
export const dtypeOfNumber = (number: number): DType | null => DTYPES.get(number) ?? null

/** @throws ProbityError `graph/dtype` naming `where` */
export function requireDType(number: number, where: string): DType {
  const dtype = DTYPES.get(number)
  if (dtype === undefined) throw new ProbityError('graph/dtype', `${where} has element type ${number}, which is not supported. Export the model with float32 or another type of ONNX IR version 13 or older.`)
  return dtype
}
