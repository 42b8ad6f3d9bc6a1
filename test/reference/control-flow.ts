/** @file Reference kernels of operators that run other graphs, and of sequences and optionals. */
import { intAttribute, intsAttribute, type Graph, type Node } from '../../src/graph/ir.js'
import { dataType } from './kernel.js'
import { build, normalAxis, refTensor, scalar, withAxis, at, isRefTensor, type RefTensor, type RefValue } from './tensor.js'

export type ControlCall = {
  readonly node: Node
  readonly inputs: readonly (RefValue | undefined)[]
  /** Runs a body in the scope around the node. */
  readonly run: (body: Graph, inputs: readonly RefValue[]) => readonly RefValue[]
}
export type ControlKernels = Readonly<Record<string, (call: ControlCall) => readonly RefValue[]>>

const tensor = ({ node, inputs }: ControlCall, i: number): RefTensor => asTensor(inputs[i] ?? null, `${node.opType} input ${i}`)

export function asTensor(value: RefValue, what: string): RefTensor {
  if (!isRefTensor(value)) throw new Error(`${what} is no tensor`)
  return value
}

function sequence({ node, inputs }: ControlCall, i: number): readonly RefValue[] {
  const value = inputs[i] ?? null
  if (value === null || isRefTensor(value)) throw new Error(`${node.opType} input ${i} is no sequence`)
  return value
}

export function bodyOf(node: Node, name: string): Graph {
  const body = node.attributes.get(name)
  if (body?.type !== 'graph') throw new Error(`no graph ${name}`)
  return body.value
}

/** Joins tensors along an axis that they do not have yet. */
function stack(parts: readonly RefTensor[], axis: number): RefTensor {
  const [first] = parts
  const place = normalAxis(axis, first.dims.length + 1)
  const dims = [...first.dims.slice(0, place), parts.length, ...first.dims.slice(place)]
  for (const part of parts) if (part.dims.join() !== first.dims.join()) throw new Error('turns give different shapes')
  return build(dims, first.dtype, (index) => at(parts[index[place]], index.filter((_, i) => i !== place)))
}

/** One position of an axis, without that axis. */
function take(x: RefTensor, axis: number, position: number): RefTensor {
  const place = normalAxis(axis, x.dims.length)
  return build(x.dims.filter((_, i) => i !== place), x.dtype, (index) => at(x, [...index.slice(0, place), position, ...index.slice(place)]))
}

/** What a scanned output is when there was no turn: sizes that the body does not state count as 0, as for ONNX Runtime. */
function noTurns(body: Graph, output: number): RefTensor {
  const type = body.outputs[output].type
  if (type?.kind !== 'tensor') return refTensor([0], [])
  return refTensor([0, ...(type.dims ?? []).map((dim) => (typeof dim === 'number' ? dim : 0))], [], type.dtype)
}

function loop(call: ControlCall): readonly RefValue[] {
  const { node, inputs, run } = call
  const body = bodyOf(node, 'body')
  const most = inputs[0] === undefined ? Infinity : tensor(call, 0).data[0]
  let goOn = inputs[1] === undefined || tensor(call, 1).data[0] === 1
  let carried = inputs.slice(2).map((value) => value ?? null)
  const scanned: RefTensor[][] = body.outputs.slice(1 + carried.length).map(() => [])
  for (let turn = 0; turn < most && goOn; turn++) {
    const [condition, ...results] = run(body, [scalar(turn, 'int64'), scalar(1, 'bool'), ...carried])
    goOn = asTensor(condition, 'condition').data[0] === 1
    scanned.forEach((parts, k) => parts.push(asTensor(results[carried.length + k], 'scanned')))
    carried = results.slice(0, carried.length)
  }
  return [...carried, ...scanned.map((parts, k) => (parts.length === 0 ? noTurns(body, 1 + carried.length + k) : stack(parts, 0)))]
}

function scan(call: ControlCall): readonly RefValue[] {
  const { node, inputs, run } = call
  const body = bodyOf(node, 'body')
  const scans = intAttribute(node, 'num_scan_inputs', 0)
  const count = inputs.length - scans
  const axes = intsAttribute(node, 'scan_input_axes', new Array<number>(scans).fill(0))
  const backwards = intsAttribute(node, 'scan_input_directions', new Array<number>(scans).fill(0))
  const outputs = body.outputs.length - count
  const outputAxes = intsAttribute(node, 'scan_output_axes', new Array<number>(outputs).fill(0))
  const outputBackwards = intsAttribute(node, 'scan_output_directions', new Array<number>(outputs).fill(0))
  const xs = axes.map((_, k) => tensor(call, count + k))
  const turns = xs[0].dims[normalAxis(axes[0], xs[0].dims.length)]
  let states: readonly RefValue[] = inputs.slice(0, count).map((value) => value ?? null)
  const scanned: RefTensor[][] = outputAxes.map(() => [])
  for (let turn = 0; turn < turns; turn++) {
    const results = run(body, [...states, ...xs.map((x, k) => take(x, axes[k], backwards[k] === 1 ? turns - 1 - turn : turn))])
    states = results.slice(0, count)
    scanned.forEach((parts, k) => {
      const part = asTensor(results[count + k], 'scanned')
      if (outputBackwards[k] === 1) parts.unshift(part)
      else parts.push(part)
    })
  }
  return [...states, ...scanned.map((parts, k) => (parts.length === 0 ? noTurns(body, count + k) : stack(parts, outputAxes[k])))]
}

/** Index into a sequence; `end` is one past the last for Insert. */
function place(call: ControlCall, input: number, length: number, otherwise: number): number {
  if (call.inputs[input] === undefined) return otherwise
  const position = tensor(call, input).data[0]
  return position < 0 ? position + length : position
}

function concatFromSequence(call: ControlCall): readonly RefValue[] {
  const parts = sequence(call, 0).map((part) => asTensor(part, 'element'))
  const axis = intAttribute(call.node, 'axis', 0)
  if (intAttribute(call.node, 'new_axis', 0) === 1) return [stack(parts, axis)]
  const along = normalAxis(axis, parts[0].dims.length)
  const starts = parts.map((_, i) => parts.slice(0, i).reduce((sum, { dims }) => sum + dims[along], 0))
  const total = parts.reduce((sum, { dims }) => sum + dims[along], 0)
  return [build(withAxis(parts[0].dims, along, total), parts[0].dtype, (index) => {
    const part = starts.findLastIndex((start) => start <= index[along])
    return at(parts[part], withAxis(index, along, index[along] - starts[part]))
  })]
}

function splitToSequence(call: ControlCall): readonly RefValue[] {
  const x = tensor(call, 0)
  const along = normalAxis(intAttribute(call.node, 'axis', 0), x.dims.length)
  const size = x.dims[along]
  const split = call.inputs[1] === undefined ? null : tensor(call, 1)
  const each = split === null ? 1 : split.dims.length === 0 ? split.data[0] : null
  const sizes = each === null ? Array.from(split?.data ?? []) : Array.from({ length: Math.ceil(size / each) }, (_, i) => Math.min(each, size - i * each))
  const parts = sizes.map((length, i) => {
    const start = sizes.slice(0, i).reduce((a, b) => a + b, 0)
    return build(withAxis(x.dims, along, length), x.dtype, (index) => at(x, withAxis(index, along, index[along] + start)))
  })
  return [split === null && intAttribute(call.node, 'keepdims', 1) === 0 ? parts.map((part) => take(part, along, 0)) : parts]
}

function sequenceMap(call: ControlCall): readonly RefValue[] {
  const body = bodyOf(call.node, 'body')
  const first = sequence(call, 0)
  const isMapped = call.inputs.map((value) => value !== undefined && value !== null && !isRefTensor(value))
  const turns = first.map((_, t) => call.run(body, call.inputs.map((value, i) => (isMapped[i] ? sequence(call, i)[t] : value ?? null))))
  return body.outputs.map((_, k) => turns.map((results) => results[k]))
}

export const controlFlow: ControlKernels = {
  If: (call) => call.run(bodyOf(call.node, tensor(call, 0).data[0] === 1 ? 'then_branch' : 'else_branch'), []),
  Loop: loop,
  Scan: scan,
  SequenceEmpty: ({ node }) => [dataType(intAttribute(node, 'dtype', 1)) && []],
  SequenceConstruct: (call) => [call.inputs.map((_, i) => tensor(call, i))],
  SequenceInsert: (call) => {
    const elements = sequence(call, 0)
    return [elements.toSpliced(place(call, 2, elements.length, elements.length), 0, tensor(call, 1))]
  },
  SequenceErase: (call) => {
    const elements = sequence(call, 0)
    return [elements.toSpliced(place(call, 1, elements.length, elements.length - 1), 1)]
  },
  SequenceAt: (call) => {
    const elements = sequence(call, 0)
    const index = place(call, 1, elements.length, 0)
    if (elements[index] === undefined) throw new Error(`there is no element ${index}`)
    return [elements[index]]
  },
  SequenceLength: (call) => [scalar(sequence(call, 0).length, 'int64')],
  SequenceMap: sequenceMap,
  ConcatFromSequence: concatFromSequence,
  SplitToSequence: splitToSequence,
  Optional: ({ inputs }) => [inputs[0] ?? null],
  OptionalGetElement: ({ inputs }) => [inputs[0] ?? null],
  OptionalHasElement: ({ inputs }) => [scalar(Number((inputs[0] ?? null) !== null), 'bool')],
}
