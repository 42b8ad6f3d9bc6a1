/** @file What a differentiation rule gets and gives. */
import { NodeContext } from './node-context.js'
import type { Node } from '../graph/ir.js'
import { readsOf } from '../graph/walk.js'
import type { Emitter } from './emitter.js'

/**
 * The gradient of one operator: called once for every input that needs a gradient, with its index, and gives the name of a value of the
 * input's shape and type, or null where nothing flows back to that input.
 *
 * Equal nodes are shared by the emitter, so a rule states each formula whole and does not carry results from one input to the next.
 * Indices past `node.inputs` are reserved for what subgraphs capture, in the order of `readsOf`.
 */
export type Rule = (context: RuleContext, input: number) => string | null

/** How the gradients of a graph's values are found; `backpropagate` says what goes in and out. */
export type Backpropagate = (emitter: Emitter, seeds: ReadonlyMap<string, () => string>, withRespectTo: readonly string[]) => Map<string, string>

export class RuleContext extends NodeContext {
  readonly #gradients: readonly (string | null)[]

  constructor(
    emitter: Emitter,
    node: Node,
    /** Whether the value behind a name changes with something that the gradient was asked for. */
    readonly isActive: (name: string) => boolean,
    /** Per output of the node; null where nothing flows back. At least one is there. */
    gradients: readonly (string | null)[],
    /** For the bodies of control flow. */
    readonly backpropagate: Backpropagate,
  ) {
    super(emitter, node)
    this.#gradients = gradients
  }

  /** What the node's bodies read of the graphs around them, each once: these come after the inputs. */
  get captured(): readonly string[] {
    return [...new Set(readsOf(this.node).slice(this.node.inputs.filter((name) => name !== '').length))]
  }

  /** Gradient of the first output, in the output's shape. */
  get dy(): string {
    return this.gradient(0)
  }

  /** Gradient of an output; zeros when nothing flows back to it. */
  gradient(index: number): string {
    return this.#gradients[index] ?? this.emitter.zerosLike(this.output(index))
  }

  /** Whether anything flows back to an output. */
  hasGradient(index: number): boolean {
    return (this.#gradients[index] ?? null) !== null
  }

  /** Sums a gradient of the first output's shape down to the shape of a broadcast input. */
  sumToInput(index: number, gradient: string): string {
    return this.emitter.sumTo(gradient, this.dims(this.y), this.input(index))
  }

  /**
   * dY / divisor, where dY = 0 gives 0 even if the divisor is 0 or NaN: a branch that Where cut off must not answer with 0/0. Elsewhere the
   * quotient stays as it is, also where dY happens to be 0, so that its own derivative is right.
   */
  divideGradient(gradient: string, divisor: string): string {
    const constant = this.emitter.constantNumbers(divisor)
    if (constant !== null && !constant.includes(0)) return this.emitter.div(gradient, divisor)
    const isUsable = this.emit('Greater', [this.emit('Abs', [divisor]), this.scalar(0)])
    return this.emitter.div(gradient, this.#whereUsable(gradient, isUsable, divisor, 1))
  }

  /** dY · factor, where dY = 0 gives 0 even if the factor is infinite or NaN. */
  scaleGradient(gradient: string, factor: string): string {
    const isUsable = this.emit('Less', [this.emit('Abs', [factor]), this.scalar(Infinity)])
    return this.emitter.mul(gradient, this.#whereUsable(gradient, isUsable, factor, 0))
  }

  #whereUsable(gradient: string, isUsable: string, value: string, otherwise: number): string {
    return this.emit('Where', [this.emit('Or', [isUsable, this.emitter.cast(gradient, 'bool')]), value, this.scalar(otherwise)])
  }
}
