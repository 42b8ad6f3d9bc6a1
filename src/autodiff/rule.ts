/** @file What a differentiation rule gets and gives. */
import { ProbityError } from '../contracts/errors.js'
import type { DType } from '../contracts/tensor.js'
import type { Attributes } from '../graph/builder.js'
import type { Node } from '../graph/ir.js'
import type { Dims, Emitter } from './emitter.js'

/**
 * The gradient of one operator: called once for every input that needs a gradient, with its index, and gives the name of a value of the
 * input's shape and type, or null where nothing flows back to that input.
 *
 * Equal nodes are shared by the emitter, so a rule states each formula whole and does not carry results from one input to the next.
 * Indices past `node.inputs` are reserved for what subgraphs capture, in the order of `readsOf`.
 */
export type Rule = (context: RuleContext, input: number) => string | null

export class RuleContext {
  readonly #gradients: readonly (string | null)[]

  constructor(
    readonly emitter: Emitter,
    readonly node: Node,
    /** Whether the value behind a name changes with something that the gradient was asked for. */
    readonly isActive: (name: string) => boolean,
    /** Per output of the node; null where nothing flows back. At least one is there. */
    gradients: readonly (string | null)[],
  ) {
    this.#gradients = gradients
  }

  /** Name of an input; '' when the optional input is absent. */
  input(index: number): string {
    return this.node.inputs[index] ?? ''
  }

  hasInput(index: number): boolean {
    return this.input(index) !== ''
  }

  output(index = 0): string {
    return this.node.outputs[index] ?? ''
  }

  /** x and y of a unary operator. */
  get x(): string {
    return this.input(0)
  }
  get y(): string {
    return this.output(0)
  }

  /** Gradient of the first output, in the output's shape. */
  get dy(): string {
    return this.gradient(0)
  }

  /** Gradient of an output; zeros when nothing flows back to it. */
  gradient(index: number): string {
    return this.#gradients[index] ?? this.emitter.zerosLike(this.output(index))
  }

  emit(opType: string, inputs: readonly string[], attributes?: Attributes): string {
    return this.emitter.emit(opType, inputs, attributes)
  }

  /** A scalar of the first output's dtype. */
  scalar(value: number): string {
    return this.emitter.scalar(value, this.y)
  }

  dims(name: string): Dims | null {
    return this.emitter.dims(name)
  }

  dtype(name: string): DType {
    return this.emitter.dtype(name)
  }

  /** Sums a gradient of the first output's shape down to the shape of a broadcast input. */
  sumToInput(index: number, gradient: string): string {
    return this.emitter.sumTo(gradient, this.dims(this.y), this.input(index))
  }

  /** A boolean value as 0 and 1 in the first output's dtype, to multiply with: much faster than Where. */
  mask(condition: string): string {
    return this.emitter.cast(condition, this.dtype(this.y))
  }

  /** dY / divisor, where dY = 0 gives 0 even if the divisor is 0: a branch that Where cut off must not answer with 0/0. */
  divideGradient(gradient: string, divisor: string): string {
    const constant = this.emitter.constantNumbers(divisor)
    if (constant !== null && !constant.includes(0)) return this.emitter.div(gradient, divisor)
    return this.emitter.div(gradient, this.emit('Where', [this.isZero(gradient), this.scalar(1), divisor]))
  }

  /** dY · factor, where dY = 0 gives 0 even if the factor is infinite. */
  scaleGradient(gradient: string, factor: string): string {
    return this.emitter.mul(gradient, this.emit('Where', [this.isZero(gradient), this.scalar(0), factor]))
  }

  isZero(name: string): string {
    return this.emit('Equal', [name, this.scalar(0)])
  }

  /** An error about this node: what cannot be differentiated, and what to do. */
  refuse(reason: string): ProbityError {
    return noGradient(this.node, reason)
  }
}

export function noGradient(node: Node, reason: string): ProbityError {
  const domain = node.domain === '' ? '' : `${node.domain}:`
  return new ProbityError('graph/no-gradient', `Node "${node.name || node.outputs[0]}" (${domain}${node.opType}): ${reason}`)
}
