/** @file How nodes of older ai.onnx opsets are said in opset 18, and where a graph needs more, in those up to 24. An operator that is not here means the same in all of them. */
import { ProbityError } from '../../contracts/errors.js'
import type { DType } from '../../contracts/tensor.js'
import type { GraphBuilder } from '../builder.js'
import { floatAttribute, int, intAttribute, intsAttribute, string, stringAttribute, type Attribute, type Node, type ValueType } from '../ir.js'

export type UpgradeContext = {
  readonly node: Node
  /** Version that the graph was written for. */
  readonly opset: number
  readonly builder: GraphBuilder
  readonly typeOf: (name: string) => ValueType | null
}

/** Appends what replaces the node to the builder. */
export type UpgradeRule = { readonly before: number; readonly apply: (context: UpgradeContext) => void }

export function refuse({ node, opset }: Pick<UpgradeContext, 'node' | 'opset'>, why: string): never {
  throw new ProbityError('graph/opset', `Node "${node.name || node.outputs[0]}" (${node.opType}, opset ${opset}) cannot be upgraded to opset 18: ${why}. Export the model with opset 18 or newer.`)
}

/** The node with other inputs, without some attributes and with others added. */
function rewritten(node: Node, inputs: readonly string[], drop: readonly string[], add: Readonly<Record<string, Attribute>> = {}): Node {
  const attributes = new Map([...node.attributes].filter(([name]) => !drop.includes(name)))
  for (const [name, attribute] of Object.entries(add)) attributes.set(name, attribute)
  return { ...node, inputs, attributes }
}

/** Attributes that became inputs, in the order of the inputs; those that are absent leave a gap or end the list. */
function toInputs(attributes: readonly string[], before: number): UpgradeRule {
  return {
    before,
    apply: ({ node, builder }) => {
      const added = attributes.map((name) => {
        const values = intsAttribute(node, name, null)
        return values === null ? '' : builder.shape(values)
      })
      builder.nodes.push(rewritten(node, trim([...node.inputs, ...added]), attributes))
    },
  }
}
const trim = (names: readonly string[]): string[] => names.slice(0, names.findLastIndex((name) => name !== '') + 1)

const dtypeOf = ({ node, typeOf }: UpgradeContext): DType => {
  const type = typeOf(node.inputs[0])
  return type?.kind === 'tensor' ? type.dtype : 'float32'
}

/** Before opset 13 the input was flattened to a matrix at `axis`, and each row of that was normalised. */
const softmax: UpgradeRule = {
  before: 13,
  apply: ({ node, builder, typeOf }) => {
    const axis = intAttribute(node, 'axis', 1)
    const type = typeOf(node.inputs[0])
    const rank = type?.kind === 'tensor' ? type.dims?.length : undefined
    if (axis === -1 || (rank !== undefined && axis === rank - 1)) {
      builder.nodes.push(rewritten(node, node.inputs, [], { axis: int(-1) }))
      return
    }
    const rows = builder.add('Flatten', node.inputs, { axis })
    const normalised = builder.add(node.opType, [rows], { axis: -1 })
    const shape = builder.add('Shape', node.inputs)
    builder.nodes.push({ ...node, opType: 'Reshape', inputs: [normalised, shape], attributes: new Map() })
  },
}

const clip: UpgradeRule = {
  before: 11,
  apply: (context) => {
    const { node, builder } = context
    const bounds = ['min', 'max'].map((name) => {
      const value = floatAttribute(node, name, null)
      return value === null ? '' : builder.constant(value, dtypeOf(context), [])
    })
    builder.nodes.push(rewritten(node, trim([node.inputs[0], ...bounds]), ['min', 'max']))
  },
}

const pad: UpgradeRule = {
  before: 11,
  apply: (context) => {
    const { node, builder } = context
    const pads = intsAttribute(node, 'pads', null) ?? refuse(context, 'it has no pads')
    const value = floatAttribute(node, 'value', 0)
    builder.nodes.push(rewritten(node, [node.inputs[0], builder.shape(pads), builder.constant(value, dtypeOf(context), [])], ['pads', 'value']))
  },
}

/** The seed and ratio of old Dropouts act in training alone; without them opset 18's Dropout passes its input on. */
const dropout: UpgradeRule = {
  before: 12,
  apply: (context) => {
    const { node, builder, opset } = context
    if (opset < 10 && node.outputs[1]) refuse(context, 'its mask has another type since opset 10')
    builder.nodes.push(rewritten(node, node.inputs.slice(0, 1), ['ratio']))
  },
}

const batchNormalization: UpgradeRule = {
  before: 14,
  apply: (context) => {
    const { node, builder } = context
    if (intAttribute(node, 'spatial', 1) === 0) refuse(context, 'it normalises each position apart (spatial = 0), which newer opsets cannot say')
    if (node.outputs.slice(1).some((output) => output !== '')) refuse(context, 'it has the outputs of training')
    builder.nodes.push({ ...rewritten(node, node.inputs, ['spatial']), outputs: node.outputs.slice(0, 1) })
  },
}

const topK: UpgradeRule = {
  before: 10,
  apply: (context) => {
    const { node, builder } = context
    const k = intAttribute(node, 'k', null) ?? refuse(context, 'it has no k')
    builder.nodes.push(rewritten(node, [node.inputs[0], builder.shape([k])], ['k']))
  },
}

const split: UpgradeRule = {
  before: 18,
  apply: ({ node, builder, opset }) => {
    const sizes = opset < 13 ? intsAttribute(node, 'split', null) : null
    if (sizes !== null) builder.nodes.push(rewritten(node, [node.inputs[0], builder.shape(sizes)], ['split']))
    else if (node.inputs[1]) builder.nodes.push(node)
    else builder.nodes.push(rewritten(node, node.inputs.slice(0, 1), [], { num_outputs: int(node.outputs.length) }))
  },
}

const resize: UpgradeRule = {
  before: 13,
  apply: (context) => {
    const { node, builder, opset } = context
    // Opset 10 knew one way of computing coordinates, which opset 11 named.
    if (opset < 11) builder.nodes.push(rewritten(node, [node.inputs[0], '', node.inputs[1]], [], { coordinate_transformation_mode: string('asymmetric'), nearest_mode: string('floor') }))
    else if (new TextDecoder().decode(modeOf(node)) === 'tf_half_pixel_for_nn') builder.nodes.push(rewritten(node, node.inputs, [], nearestHalfPixel(context)))
    else builder.nodes.push(node)
  },
}
/** ⌊(i + ½) / scale⌋ is (i + ½) / scale − ½, rounded up at halves. */
function nearestHalfPixel(context: UpgradeContext): Readonly<Record<string, Attribute>> {
  if (stringAttribute(context.node, 'nearest_mode', 'round_prefer_floor') !== 'floor') refuse(context, 'its coordinate mode tf_half_pixel_for_nn was removed in opset 13')
  return { coordinate_transformation_mode: string('half_pixel'), nearest_mode: string('round_prefer_ceil') }
}
/** Upsample computed coordinates as Resize does when they are asymmetric and nearest rounds down. */
const upsample: UpgradeRule = {
  before: 18,
  apply: (context) => {
    const { node, builder } = context
    const stated = node.attributes.get('scales')
    const scales = node.inputs[1] || (stated?.type === 'floats' ? builder.constant(stated.value, 'float32') : refuse(context, 'it has no scales'))
    const attributes = { coordinate_transformation_mode: string('asymmetric'), nearest_mode: string('floor') }
    builder.nodes.push({ ...rewritten(node, [node.inputs[0], '', scales], ['scales'], attributes), opType: 'Resize' })
  },
}
const modeOf = (node: Node): Uint8Array => {
  const mode = node.attributes.get('coordinate_transformation_mode')
  return mode?.type === 'string' ? mode.value : new Uint8Array()
}

/** One scale and bias per group became one per channel. */
const groupNormalization: UpgradeRule = {
  before: 21,
  apply: ({ node, builder }) => {
    const [x, ...perGroup] = node.inputs
    const groups = builder.shape([intAttribute(node, 'num_groups', 1)])
    const repeats = builder.add('Div', [builder.add('Shape', [x], { start: 1, end: 2 }), groups]) // [1]
    const shape = builder.add('Concat', [groups, repeats], { axis: 0 })
    const perChannel = perGroup.map((name) => {
      const column = builder.add('Unsqueeze', [name, builder.shape([1])]) // [groups, 1]
      return builder.add('Reshape', [builder.add('Expand', [column, shape]), builder.shape([-1])]) // [channels]
    })
    builder.nodes.push({ ...node, inputs: [x, ...perChannel] })
  },
}

/** The axis became an input, and counts from the end by default. */
const dft: UpgradeRule = {
  before: 20,
  apply: ({ node, builder }) => {
    const axis = builder.constant(intAttribute(node, 'axis', 1), 'int64', [])
    builder.nodes.push(rewritten(node, [node.inputs[0], node.inputs[1] ?? '', axis], ['axis']))
  },
}

/** Two modes have other names. */
const gridSample: UpgradeRule = {
  before: 20,
  apply: ({ node, builder }) => {
    const mode = stringAttribute(node, 'mode', 'bilinear')
    builder.nodes.push(rewritten(node, node.inputs, [], { mode: string(mode === 'bilinear' ? 'linear' : mode === 'bicubic' ? 'cubic' : mode) }))
  },
}

const rename = (opType: string, before: number): UpgradeRule => ({ before, apply: ({ node, builder }) => void builder.nodes.push({ ...node, opType }) })
const withAttribute = (name: string, value: Attribute, before: number): UpgradeRule => ({ before, apply: ({ node, builder }) => void builder.nodes.push(rewritten(node, node.inputs, [], { [name]: value })) })
const refused = (before: number, why: string): UpgradeRule => ({ before, apply: (context) => refuse(context, why) })

const REDUCTIONS = ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceSumSquare']

export const UPGRADES: ReadonlyMap<string, UpgradeRule> = new Map(Object.entries({
  Softmax: softmax, LogSoftmax: softmax, Hardmax: softmax,
  Squeeze: toInputs(['axes'], 13), Unsqueeze: toInputs(['axes'], 13), ReduceSum: toInputs(['axes'], 13),
  ...Object.fromEntries(REDUCTIONS.map((op) => [op, toInputs(['axes'], 18)])),
  Slice: toInputs(['starts', 'ends', 'axes'], 10),
  Clip: clip, Pad: pad, Dropout: dropout, BatchNormalization: batchNormalization, TopK: topK, Split: split, Resize: resize,
  Scatter: rename('ScatterElements', 11),
  RoiAlign: withAttribute('coordinate_transformation_mode', string('output_half_pixel'), 16),
  Upsample: upsample,
  GroupNormalization: groupNormalization, DFT: dft, GridSample: gridSample,
  Scan: refused(9, 'Scan had a batch axis before opset 9'),
}))

