/** @file Axes, permutations and windows that cannot be. */
import { isFloat } from '../../tensor/dtypes.js'
import { dtypeOfNumber } from '../codec/data-types.js'
import { intAttribute, intsAttribute, stringAttribute, type Node } from '../ir.js'
import { numbersOf, UNKNOWN, type Known } from '../shapes/known.js'

/** Operators whose `axis` is one of the first input's. */
const ONE_AXIS: ReadonlySet<string> = new Set([
  'ArgMax', 'ArgMin', 'Compress', 'Concat', 'Gather', 'GatherElements', 'Hardmax', 'LayerNormalization', 'LogSoftmax', 'LpNormalization', 'RMSNormalization', 'ScatterElements', 'Softmax', 'Split', 'TopK',
])
/** Operators that slide a window over the axes behind batch and channels. */
const WINDOWED: ReadonlySet<string> = new Set(['AveragePool', 'Conv', 'ConvInteger', 'ConvTranspose', 'LpPool', 'MaxPool', 'QLinearConv'])
const WINDOW_LISTS = ['kernel_shape', 'strides', 'dilations'] as const

/** What is wrong with the sizes that a node states, as far as it shows; null where nothing is. */
export function rangeProblem(node: Node, values: ReadonlyMap<string, Known>): string | null {
  if (node.domain !== '') return null
  if (node.opType === 'Einsum') return equationProblem(node)
  if (node.opType === 'Cast') return dtypeOfNumber(intAttribute(node, 'to', 0)) === null ? `its attribute "to" is ${intAttribute(node, 'to', 0)}, which is no element type` : null
  const value = (index: number): Known => values.get(node.inputs[index] ?? '') ?? UNKNOWN
  const rank = value(0).dims?.length ?? null
  const stash = dtypeOfNumber(intAttribute(node, 'stash_type', 1))
  if (stash === null || !isFloat(stash)) return `its attribute "stash_type" is ${intAttribute(node, 'stash_type', 1)}, which is no float type`
  if (WINDOWED.has(node.opType)) return (node.opType.startsWith('Conv') ? weightsProblem(node, value(0).dims, value(1).dims) : null) ?? windowProblem(node, rank)
  if (rank === null) return null
  if (ONE_AXIS.has(node.opType)) return axisProblem(node, rank, rank - 1) ?? pieceProblem(node)
  if (node.opType === 'Flatten') return axisProblem(node, rank, rank)
  if (node.opType === 'OneHot') return axisProblem(node, rank + 1, rank)
  if (node.opType === 'Transpose') return permutationProblem(node, rank)
  const axes = axesOf(node, value)
  if (axes === null) return null
  const span = node.opType === 'Unsqueeze' ? rank + axes.length : rank
  const wrong = axes.find((axis) => axis < -span || axis >= span)
  if (wrong !== undefined) return `its axis ${wrong} lies outside the ${span} axes of its ${node.opType === 'Unsqueeze' ? 'output' : 'input'}`
  return new Set(axes.map((axis) => (axis < 0 ? axis + span : axis))).size < axes.length ? `its axes [${axes.join(', ')}] name one twice` : null
}

function axisProblem(node: Node, below: number, highest: number): string | null {
  const axis = intAttribute(node, 'axis', null)
  return axis === null || (axis >= -below && axis <= highest) ? null : `its attribute "axis" is ${axis}, outside of ${-below} to ${highest}`
}

/** Axes that are stated or known, of the operators that take several. */
function axesOf(node: Node, value: (index: number) => Known): readonly number[] | null {
  if (node.opType === 'CumSum') return numbersOf(value(1))
  const position = node.opType === 'Slice' || node.opType === 'Pad' ? 3 : node.opType.startsWith('Reduce') || node.opType === 'Squeeze' || node.opType === 'Unsqueeze' ? 1 : null
  return position === null ? null : intsAttribute(node, 'axes', null) ?? numbersOf(value(position))
}

function permutationProblem(node: Node, rank: number): string | null {
  const order = intsAttribute(node, 'perm', null)
  if (order === null || (order.length === rank && new Set(order).size === rank && order.every((axis) => axis >= 0 && axis < rank))) return null
  return `its attribute "perm" is [${order.join(', ')}], which is no order of the ${rank} axes of its input`
}

/** Some kernels of runtimes read past the end where channels do not fit. */
function weightsProblem(node: Node, x: Known['dims'], weights: Known['dims']): string | null {
  if (x === null || weights === null) return null
  if (x.length !== weights.length) return `its input has ${x.length} axes and its weights have ${weights.length}`
  const [channels, own, groups] = [x[1], weights[node.opType === 'ConvTranspose' ? 0 : 1], node.opType === 'ConvTranspose' ? 1 : intAttribute(node, 'group', 1)]
  if (typeof channels !== 'number' || typeof own !== 'number' || groups < 1 || channels === own * groups) return null
  return `its input has ${channels} channels, and its weights are made for ${own * groups}`
}

function windowProblem(node: Node, rank: number | null): string | null {
  if (rank !== null && rank < 3) return `its input has ${rank} axes, and needs batch, channels and at least one more`
  for (const name of WINDOW_LISTS) {
    const sizes = intsAttribute(node, name, null)
    if (sizes?.some((size) => size < 1)) return `its attribute "${name}" is [${sizes.join(', ')}], where every number must be 1 or more`
    if (sizes && rank !== null && sizes.length !== rank - 2) return `its attribute "${name}" has ${sizes.length} numbers for the ${rank - 2} axes that the window moves along`
  }
  const pads = intsAttribute(node, 'pads', null)
  if (pads && rank !== null && pads.length !== 2 * (rank - 2)) return `its attribute "pads" has ${pads.length} numbers, and needs ${2 * (rank - 2)}`
  const groups = intAttribute(node, 'group', 1)
  return groups < 1 ? `its attribute "group" is ${groups}, and must be 1 or more` : null
}

/** A term per input, each of letters and at most one ellipsis, and perhaps one for the result. */
function equationProblem(node: Node): string | null {
  const equation = stringAttribute(node, 'equation', '')
  const terms = /^([a-z.,]*)(->([a-z.]*))?$/i.exec(equation.replaceAll(/\s/g, ''))
  const operands = terms?.[1].split(',') ?? []
  const isTerm = (term: string) => /^[a-z]*(\.\.\.)?[a-z]*$/i.test(term)
  if (terms === null || ![...operands, terms[3] ?? ''].every(isTerm)) return `its attribute "equation" is "${equation.slice(0, 200)}", which is no equation`
  const labels = new Set(terms[1])
  const unknown = [...(terms[3] ?? '')].find((label) => !labels.has(label))
  if (unknown !== undefined) return `its attribute "equation" is "${equation.slice(0, 200)}", where the result has "${unknown}" and no input has`
  return operands.length === node.inputs.length ? null : `its attribute "equation" names ${operands.length} inputs, and it has ${node.inputs.length}`
}

const pieceProblem = (node: Node): string | null => {
  const pieces = node.opType === 'Split' ? intAttribute(node, 'num_outputs', null) : null
  return pieces === null || pieces === node.outputs.length ? null : `its attribute "num_outputs" is ${pieces}, and it has ${node.outputs.length} outputs`
}
