/** @file What an operator of the interpreter gets and gives. */
import type { DType } from '../../src/contracts/tensor.js'
import { intsAttribute, type Node } from '../../src/graph/ir.js'
import type { RefTensor } from './tensor.js'

export type Call = {
  readonly node: Node
  /** Version of ai.onnx; decides where attributes became inputs and where a definition changed. */
  readonly opset: number
  readonly inputs: readonly (RefTensor | undefined)[]
}

/** An operator; one result per output it defines, the wanted ones are taken from the front. */
export type Kernel = (call: Call) => RefTensor | readonly RefTensor[]
export type Kernels = Readonly<Record<string, Kernel>>

/** The input, which must be there. */
export function input(call: Call, index: number): RefTensor {
  const tensor = call.inputs[index]
  if (tensor === undefined) throw new Error(`${call.node.opType} needs input ${index}`)
  return tensor
}

/** Integers that are an input in newer opsets and an attribute in older ones. */
export function integers(call: Call, index: number, attribute: string): readonly number[] | null {
  const tensor = call.inputs[index]
  return tensor === undefined ? intsAttribute(call.node, attribute, null) : Array.from(tensor.data)
}

/** TensorProto.DataType by number. */
const DATA_TYPES: Readonly<Record<number, DType>> = {
  1: 'float32', 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 6: 'int32', 7: 'int64', 9: 'bool', 10: 'float16', 11: 'float64', 12: 'uint32', 13: 'uint64', 16: 'bfloat16',
}

export function dataType(code: number): DType {
  const dtype = DATA_TYPES[code]
  if (dtype === undefined) throw new Error(`data type ${code} is not numeric`)
  return dtype
}

export const isFloatType = (dtype: DType): boolean => dtype.startsWith('float') || dtype === 'bfloat16'
