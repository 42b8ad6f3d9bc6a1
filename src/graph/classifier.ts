/**
 * @file Reads from a graph's last nodes how its outputs are to be understood. A guess by structure, which a config may override:
 *
 * - Classifiers of ai.onnx.ml (what scikit-learn exports) give labels, class names and scores; a ZipMap behind them is bypassed.
 * - Softmax or Sigmoid at the end: probabilities, with the value before as logits. So are rows divided by their sum, and outputs named so.
 * - Two or more columns without that are logits. One column is a score: whether a bare number is a logit or a price, no graph can say;
 *   a name with "logit" in it does.
 * - Integers or strings at the end are labels; behind an ArgMax, the matrix it reads is the output.
 */
import type { Dim, OutputKind, Prediction } from '../contracts/model.js'
import { logitsInside } from './classifier-logits.js'
import { attributeLabels, constantLabels, metadataLabels } from './class-labels.js'
import { floatAttribute, intAttribute, stringAttribute, type Graph, type Node, type OnnxModel, type TensorType, type ValueInfo } from './ir.js'
import { inferShapes } from './shapes/infer.js'
import { infoOf, producersOf } from './walk.js'

type Context = { readonly graph: Graph; readonly producers: ReadonlyMap<string, Node> }
type Reading = { readonly output: string; readonly kind: OutputKind; readonly logits: string | null; readonly classes: readonly string[] | null; readonly columns: number | null }

export function describePrediction(model: OnnxModel): Prediction {
  const graph = inferShapes(model.graph)
  const context: Context = { graph, producers: producersOf(graph) }
  const label = graph.outputs.find((info) => isLabel(context, info, graph.outputs.length === 1)) ?? null
  const labels = label && labelsBehind(context, label.name)
  const candidates = [...graph.outputs.filter((info) => info !== label).map(({ name }) => name), ...(labels?.scores ? [labels.scores] : [])]
  const best = candidates.flatMap((name) => read(context, name) ?? []).sort((a, b) => rank(b) - rank(a))[0]
  const known = best?.classes ?? labels?.classes ?? metadataLabels(model)
  // Names that do not fit the columns belong to something else.
  const fits = known !== null && (best?.columns == null || best.columns === known.length || (best.columns === 1 && known.length === 2))
  return {
    output: best?.output ?? null,
    kind: best?.kind ?? 'label',
    logits: best?.logits ?? null,
    labelOutput: label?.name ?? null,
    classes: fits ? known : null,
    columns: best ? best.columns ?? (fits ? known.length : null) : null,
  }
}

/** Of several float outputs the one that looks most like an answer; ties go to the first. */
function rank({ output, kind, classes, columns }: Reading): number {
  const named = /prob|logit|score/i.test(output) ? 1 : 0
  return (classes ? 8 : 0) + (kind === 'probabilities' ? 4 : 0) + named * 2 + (columns !== null ? 1 : 0)
}

function read(context: Context, name: string): Reading | null {
  const zipMap = context.producers.get(name)
  if (zipMap?.opType === 'ZipMap') {
    const inner = read(context, zipMap.inputs[0])
    if (inner === null) return null
    // ZipMap exists to name probabilities, however they were computed.
    return { ...inner, kind: inner.kind === 'score' ? 'probabilities' : inner.kind, classes: attributeLabels(zipMap) ?? inner.classes }
  }
  const type = tensorType(context, name)
  if (type === null || !FLOATS.has(type.dtype)) return null
  const columns = columnsOf(type)
  return { output: name, columns, ...interpret(context, name, columns, type.dims?.length ?? null) }
}

function interpret(context: Context, name: string, columns: number | null, rank: number | null): Pick<Reading, 'kind' | 'logits' | 'classes'> {
  const source = behind(context, name)
  const node = context.producers.get(source)
  const classes = node && node.domain === 'ai.onnx.ml' && CLASSIFIERS.has(node.opType) ? attributeLabels(node) : null
  if (node && classes) return { kind: classifierKind(node), logits: logitsInside(node), classes }
  if (node?.domain === 'ai.onnx.ml' && REGRESSORS.has(node.opType)) return { kind: 'score', logits: null, classes: null }
  const normalised = node && normalisedFrom(context, node)
  if (normalised) return { kind: 'probabilities', logits: normalised.logits, classes: normalised.classes }
  if (/prob/i.test(name)) return { kind: 'probabilities', logits: null, classes: null }
  if (rank !== null && rank > 2) return { kind: 'score', logits: null, classes: null }
  return { kind: columns === 1 && !/logit/i.test(name) ? 'score' : 'logits', logits: null, classes: null }
}

/** A forest without a transform adds up class frequencies; linear and support vector machines give decision values unless they say otherwise. */
function classifierKind(node: Node): OutputKind {
  const transform = stringAttribute(node, 'post_transform', 'NONE')
  if (transform !== 'NONE') return 'probabilities'
  if (node.opType === 'SVMClassifier') return node.attributes.has('prob_a') ? 'probabilities' : 'logits'
  return node.opType === 'TreeEnsembleClassifier' ? 'probabilities' : 'logits'
}

/** The node as the last step of a probability: what went in, where it is still a score per class. */
function normalisedFrom(context: Context, node: Node): { logits: string | null; classes: readonly string[] | null } | null {
  const input = node.inputs[0]
  if (node.opType === 'Sigmoid' && node.domain === '') return { logits: input, classes: null }
  if (node.opType === 'Softmax' && node.domain === '') return lastAxis(context, node) ? { logits: input, classes: null } : null
  if (node.opType === 'Normalizer' && node.domain === 'ai.onnx.ml' && stringAttribute(node, 'norm', 'MAX') === 'L1') {
    const source = context.producers.get(behind(context, input))
    return { logits: source ? logitsInside(source) : null, classes: source ? attributeLabels(source) : null }
  }
  if (node.opType === 'Div') {
    const divisor = context.producers.get(node.inputs[1])
    if (divisor?.opType !== 'ReduceSum' || divisor.inputs[0] !== input) return null
    const above = context.producers.get(input)
    return { logits: above?.opType === 'Exp' ? above.inputs[0] : null, classes: null }
  }
  if (!isComplement(context, node)) return null
  const second = context.producers.get(node.inputs[1])
  return { logits: second?.opType === 'Sigmoid' && second.domain === '' ? second.inputs[0] : null, classes: null }
}

/** Concat of 1 − p and p, as binary classifiers write it. */
function isComplement({ producers, graph }: Context, node: Node): boolean {
  if (node.opType !== 'Concat' || node.inputs.length !== 2) return false
  const first = producers.get(node.inputs[0])
  if (first?.opType !== 'Sub' || first.inputs[1] !== node.inputs[1]) return false
  const one = constantLabels(graph.initializers.get(first.inputs[0])) ?? constantValue(producers.get(first.inputs[0]))
  return one !== null && one.length === 1 && one[0] === '1'
}
function constantValue(node: Node | undefined): string[] | null {
  if (node?.opType !== 'Constant') return null
  const value = node.attributes.get('value')
  return value?.type === 'tensor' ? constantLabels(value.value) : [String(floatAttribute(node, 'value_float', NaN))]
}

function lastAxis(context: Context, node: Node): boolean {
  const axis = intAttribute(node, 'axis', context.graph.opsets.get('') !== undefined && (context.graph.opsets.get('') ?? 1) >= 13 ? -1 : 1)
  const rank = tensorType(context, node.inputs[0])?.dims?.length
  return axis === -1 || (rank === undefined ? axis === 1 : axis === rank - 1)
}

/** Walks back over nodes that change neither rows nor values. */
function behind(context: Context, name: string): string {
  for (let current = name; ;) {
    const node = context.producers.get(current)
    if (!node || node.domain !== '' || !passes(context, node, current)) return current
    current = node.inputs[0]
  }
}
function passes(context: Context, node: Node, output: string): boolean {
  if (node.outputs[0] !== output) return false
  if (node.opType === 'Identity' || node.opType === 'Cast' || node.opType === 'Dropout') return true
  if (!['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten'].includes(node.opType)) return false
  const [before, after] = [tensorType(context, node.inputs[0])?.dims, tensorType(context, output)?.dims]
  if (!before || !after || before.length === 0 || after.length === 0) return false
  // Same rows, same columns: an unknown batch size on both sides is the same when nothing but ones was added or taken.
  const columns = (dims: readonly Dim[]) => dims.slice(1).filter((dim) => dim !== 1)
  return before[0] === after[0] && JSON.stringify(columns(before)) === JSON.stringify(columns(after))
}

function isLabel(context: Context, info: ValueInfo, only: boolean): boolean {
  const type = info.type?.kind === 'tensor' ? info.type : null
  if (type === null || !LABELS.has(type.dtype) || (type.dims !== null && type.dims.length > 2)) return false
  return only || /label|class|predict/i.test(info.name) || labelsBehind(context, info.name) !== null
}

/** Follows a label back to the classifier or ArgMax that chose it, and to the names of the classes. */
function labelsBehind(context: Context, name: string): { classes: readonly string[] | null; scores: string | null } | null {
  const chosen = behindLabel(context, name)
  const node = context.producers.get(chosen)
  if (!node) return null
  if (node.opType === 'ArgMax') return { classes: null, scores: tensorType(context, node.inputs[0])?.dims?.length === 2 ? node.inputs[0] : null }
  if (CLASSIFIERS.has(node.opType)) return { classes: attributeLabels(node), scores: null }
  if (node.opType === 'ArrayFeatureExtractor' || node.opType === 'Gather') {
    const index = labelsBehind(context, node.inputs[1])
    const table = context.graph.initializers.get(behind(context, node.inputs[0]))
    return index && { classes: constantLabels(table), scores: index.scores }
  }
  return null
}
/** Labels lie in one column, so reshaping them cannot mix rows. */
function behindLabel({ producers }: Context, name: string): string {
  for (let current = name; ;) {
    const node = producers.get(current)
    if (!node || !['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten'].includes(node.opType)) return current
    current = node.inputs[0]
  }
}

function tensorType({ graph }: Context, name: string): TensorType | null {
  const { type } = infoOf(graph, name)
  return type?.kind === 'tensor' ? type : null
}

function columnsOf({ dims }: TensorType): number | null {
  if (dims === null || dims.length > 2) return null
  const last = dims.length === 2 ? dims[1] : 1
  return typeof last === 'number' ? last : null
}

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float64', 'float16', 'bfloat16'])
const LABELS: ReadonlySet<string> = new Set(['int64', 'int32', 'string', 'bool'])
const CLASSIFIERS: ReadonlySet<string> = new Set(['TreeEnsembleClassifier', 'LinearClassifier', 'SVMClassifier'])
const REGRESSORS: ReadonlySet<string> = new Set(['TreeEnsembleRegressor', 'LinearRegressor', 'SVMRegressor', 'TreeEnsemble'])
