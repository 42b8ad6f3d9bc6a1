/** @file Tensors as every part of Probity exchanges them: plain objects, no methods. */

/** Element types of ONNX tensors, by their NumPy names. */
export type DType =
  | 'float32' | 'float64' | 'float16' | 'bfloat16'
  | 'int8' | 'int16' | 'int32' | 'int64'
  | 'uint8' | 'uint16' | 'uint32' | 'uint64'
  | 'bool' | 'string'
  | 'complex64' | 'complex128'
  | 'float8e4m3fn' | 'float8e4m3fnuz' | 'float8e5m2' | 'float8e5m2fnuz' | 'float8e8m0'
  | 'int4' | 'uint4' | 'float4e2m1' | 'int2' | 'uint2'

export type TypedArray =
  | Float32Array | Float64Array
  | Int8Array | Int16Array | Int32Array | BigInt64Array
  | Uint8Array | Uint16Array | Uint32Array | BigUint64Array

/**
 * A dense tensor in row-major order.
 *
 * `data` holds `dims.reduce((a, b) => a * b, 1)` elements. 16-bit floats and float8 are raw bits (Uint16Array, Uint8Array), bool is one
 * byte per element, 4-bit integers are packed two to a byte, complex numbers are interleaved pairs.
 */
export type Tensor = {
  readonly data: TypedArray | readonly string[]
  readonly dims: readonly number[]
  readonly dtype: DType
}

/** What callers may hand in: dtype is inferred from the array's type; number arrays are converted to what the input wants. */
export type TensorLike = {
  readonly data: TypedArray | readonly string[] | readonly number[] | readonly bigint[] | readonly boolean[]
  readonly dims: readonly number[]
  readonly dtype?: DType
}

/** Tensors by the name of the model input or output they belong to. */
export type Tensors = Readonly<Record<string, Tensor>>
export type Feeds = Readonly<Record<string, TensorLike>>
