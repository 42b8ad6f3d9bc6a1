/**
 * @file Gradients summed along straight paths, as integrated gradients need them (Sundararajan, Taly & Yan 2017, arXiv:1703.01365), in one graph. An affine
 * layer z that the path goes through first is computed at both ends only, z(x′) + α·(z(x) − z(x′)) being its value on the way; and since its gradient
 * is the same everywhere, the sum over the points is taken before it.
 */
import { prune, toAttributes, type Graph, type Node, type ValueInfo } from '../graph/index.js'
import { collectNames } from '../graph/builder.js'
import { affinePart, isShapeOf, type AffinePart } from './affine.js'
import { backpropagate } from './backpropagate.js'
import { prepare, withObjective } from './differentiate.js'
import { Emitter } from './emitter.js'
import type { ObjectiveSpec, TargetInput } from './objective.js'

export type PathGraph = Graph & {
  /** Inputs of the model whose path is followed → graph inputs [paths, …] where it starts and ends. Other inputs are fed for each point, path by path. */
  readonly ends: ReadonlyMap<string, { readonly start: string; readonly end: string }>
  /** Graph inputs [points of a path] in the type of the inputs: where on the path the points lie, from 0 to 1, and what each counts. */
  readonly positions: string
  readonly weights: string
  /** One for each point, like other inputs. */
  readonly target: TargetInput | null
  /** Input → graph output [paths, …] with Σ weight · gradient at the point. */
  readonly gradients: ReadonlyMap<string, string>
}

export type PathOptions = {
  readonly objective: ObjectiveSpec
  /** Inputs whose path is followed: floats with rows along the first axis. */
  readonly along: readonly string[]
  /** All inputs with rows. */
  readonly perRow: readonly string[]
}

/** @throws ProbityError as `differentiate` does */
export function pathGradient(graph: Graph, { objective, along, perRow }: PathOptions): PathGraph {
  const { graph: prepared, shortcuts } = prepare(graph, objective, along)
  const paths = new PathWriter(prepared, along, perRow, objective.output)
  const { graph: forward, value, target } = withObjective(paths.graph(), objective)

  const e = new Emitter(forward)
  const { frontier } = paths.part
  const atPoints = backpropagate(e, new Map([[value, () => e.filled(1, e.shapeOf(value), e.dtype(value))]]), frontier, shortcuts)
  const count = e.emit('Reshape', [paths.weights, e.ints([1, -1])]) // [1, points]
  const summed = new Map([...atPoints].map(([name, gradient]) => [paths.endOf(name), () => {
    const points = e.emit('Reshape', [gradient, e.joinInts([-1, e.size(paths.weights, 0), sizeOfRow(e, paths.endOf(name))])]) // [paths, points, elements]
    return e.reshapeLike(e.emit('MatMul', [count, points]), paths.endOf(name))
  }]))
  const ends = along.map((name) => paths.endOf(name))
  const gradients = backpropagate(e, summed, ends, shortcuts)

  const outputs = new Map(along.map((name) => {
    const end = paths.endOf(name)
    const output = e.builder.add('Identity', [gradients.get(end) ?? e.zerosLike(end)], {}, 'gradient')
    e.builder.valueInfo.set(output, { name: output, type: e.type(end) })
    return [name, output] as const
  }))
  e.stateTypes()
  const pruned = prune({ ...e.builder.build(), outputs: [] }, [...outputs.values()])
  return {
    ...pruned, inputs: forward.inputs, target, gradients: outputs, positions: paths.positions, weights: paths.weights,
    ends: new Map(along.map((name) => [name, { start: paths.startOf(name), end: paths.endOf(name) }])),
  }
}

/** Elements of a row, for Reshape. */
function sizeOfRow(e: Emitter, name: string): number | string {
  const dims = e.dims(name)?.slice(1)
  if (dims?.every((dim) => typeof dim === 'number')) return dims.reduce((all, dim) => all * dim, 1)
  return e.emit('ReduceProd', [e.emit('Shape', [name], { start: 1 }), e.ints([0])], { keepdims: 1 })
}

/** The forward pass at the points. Values of the affine part exist at the start and the end of each path, under names of their own. */
class PathWriter {
  readonly part: AffinePart
  readonly positions: string
  readonly weights: string
  readonly #e: Emitter
  readonly #names: { readonly start: Map<string, string>; readonly end: Map<string, string> } = { start: new Map(), end: new Map() }

  constructor(private readonly base: Graph, private readonly along: readonly string[], perRow: readonly string[], output: string) {
    const known = new Emitter(base)
    this.part = affinePart(known, along, perRow, new Set([output]))
    const inputs = base.inputs.filter(({ name }) => !along.includes(name))
    this.#e = new Emitter({ ...base, inputs, nodes: [], outputs: [], valueInfo: new Map() })
    collectNames(base, this.#e.builder.names)
    for (const name of [...along, ...this.part.nodes.flatMap(({ outputs }) => outputs)]) {
      for (const side of ['start', 'end'] as const) this.#names[side].set(name, this.#e.builder.fresh(`probity/${side}/${name}`))
    }
    const dtype = known.dtype(along[0])
    ;[this.positions, this.weights] = ['positions', 'weights'].map((hint) => this.#e.builder.input({ name: this.#e.builder.fresh(`probity/${hint}`), type: { kind: 'tensor', dtype, dims: ['probity/points'] } }))
  }

  startOf(name: string): string {
    return this.#names.start.get(name) ?? name
  }

  endOf(name: string): string {
    return this.#names.end.get(name) ?? name
  }

  graph(): Graph {
    const e = this.#e
    const inputs = this.base.inputs.filter(({ name }) => this.along.includes(name)).flatMap((info) => [this.#endInput(info, this.startOf(info.name)), this.#endInput(info, this.endOf(info.name))])
    const part = new Set(this.part.nodes)
    const prefix = (of: (name: string) => string) => this.part.nodes.map((node): Node => ({ ...node, name: of(node.outputs[0]), inputs: node.inputs.map(of), outputs: node.outputs.map(of) }))
    const written = new Emitter({ ...e.builder.build(), inputs: [...inputs, ...e.builder.inputs], outputs: this.base.outputs, nodes: [...prefix((name) => this.startOf(name)), ...prefix((name) => this.endOf(name))] })
    collectNames(this.base, written.builder.names)
    // [points, 2]: how much of the start and of the end there is in each point
    const mixture = written.emit('Concat', [this.positions].flatMap((name) => {
      const column = written.emit('Unsqueeze', [name, written.ints([1])])
      return [written.sub(written.scalar(1, name), column), column]
    }), { axis: 1 })
    const drawn = new Set(this.part.frontier)
    for (const name of drawn) this.#draw(written, name, mixture)
    for (const node of this.base.nodes) {
      if (part.has(node)) continue
      written.keep(isShapeOf(node, (name) => this.#names.end.has(name) && !drawn.has(name)) ? this.#shape(written, node) : node)
    }
    return { ...written.builder.build(), outputs: this.base.outputs, valueInfo: this.base.valueInfo }
  }

  #endInput({ type }: ValueInfo, name: string): ValueInfo {
    return { name, type: type?.kind === 'tensor' && type.dims ? { ...type, dims: ['probity/paths', ...type.dims.slice(1)] } : type }
  }

  /** The shape that a value has at the points, where nothing but its shape is read. */
  #shape(e: Emitter, node: Node): Node {
    const shape = e.emit('Shape', [this.endOf(node.inputs[0])], Object.fromEntries(node.attributes)) // [rank]
    const first = e.emit('Mul', [e.emit('Slice', [shape, e.ints([0]), e.ints([1])]), e.sizeOf(this.weights, 0)])
    const rest = e.emit('Slice', [shape, e.ints([1]), e.ints([Number.MAX_SAFE_INTEGER])])
    return { ...node, opType: 'Concat', inputs: [first, rest], attributes: toAttributes({ axis: 0 }) }
  }

  /** The value at every point, [paths · points, …], under its own name. */
  #draw(e: Emitter, name: string, mixture: string): void {
    const [start, end] = [this.startOf(name), this.endOf(name)]
    const row = (side: string) => e.emit('Reshape', [side, e.joinInts([-1, 1, sizeOfRow(e, side)])]) // [paths, 1, elements]
    const points = e.emit('MatMul', [mixture, e.emit('Concat', [row(start), row(end)], { axis: 1 })]) // [paths, points, elements]
    const shape = e.joinInts([-1, ...(e.dims(end) ?? []).slice(1).map((_, axis) => e.size(end, axis + 1))])
    e.keep({ name, opType: 'Reshape', domain: '', inputs: [points, shape], outputs: [name], attributes: new Map() })
  }
}
