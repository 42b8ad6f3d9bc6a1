/** @file One node, as rules and lowerings see it: its inputs and outputs by position, and shorthands for writing nodes. */
import { ProbityError } from '../contracts/errors.js'
import type { DType } from '../contracts/tensor.js'
import type { Attributes } from '../graph/builder.js'
import { opsetOf, type Node } from '../graph/ir.js'
import type { Dims, Emitter } from './emitter.js'

export class NodeContext {
  constructor(
    readonly emitter: Emitter,
    readonly node: Node,
  ) {}

  /** Version of the node's operator domain. */
  get opset(): number {
    return opsetOf(this.emitter.graph, this.node.domain)
  }

  /** Name of an input; '' when the optional input is absent. */
  input(index: number): string {
    return this.node.inputs[index] ?? ''
  }

  hasInput(index: number): boolean {
    return this.input(index) !== ''
  }

  /** Name of an output; '' when nobody wants it. */
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

  emit(opType: string, inputs: readonly string[], attributes?: Attributes): string {
    return this.emitter.emit(opType, inputs, attributes)
  }

  /** A scalar of the dtype of the first output, or of the first input where the output's is not known yet. */
  scalar(value: number): string {
    return this.emitter.scalar(value, this.emitter.knownDtype(this.y) === null ? this.x : this.y)
  }

  dims(name: string): Dims | null {
    return this.emitter.dims(name)
  }

  /** @throws ProbityError `graph/unknown-shape` */
  rank(name: string): number {
    return this.emitter.requireRank(name, this.node)
  }

  dtype(name: string): DType {
    return this.emitter.dtype(name)
  }

  /** A boolean value as 0 and 1 in the first output's dtype, to multiply with: much faster than Where. */
  mask(condition: string): string {
    return this.emitter.cast(condition, this.dtype(this.y))
  }

  isZero(name: string): string {
    return this.emit('Equal', [name, this.scalar(0)])
  }

  /** States that the gradient through this node is not exact, and why, in a sentence without the node's name. */
  approximate(reason: string): void {
    this.emitter.approximations.add(`${nameOf(this.node)}: ${reason}`)
  }

  /** An error about this node: what cannot be differentiated, and what to do. */
  refuse(reason: string): ProbityError {
    return noGradient(this.node, reason)
  }
}

export function noGradient(node: Node, reason: string): ProbityError {
  return new ProbityError('graph/no-gradient', `${nameOf(node)}: ${reason}`)
}

/** How messages call a node. */
export function nameOf(node: Node): string {
  const domain = node.domain === '' ? '' : `${node.domain}:`
  return `Node "${node.name || node.outputs[0]}" (${domain}${node.opType})`
}
