/** @file What recognising a pattern asks of a graph: who makes a value, whether anything else reads it, and whether it is a known number. */
import { intsAttribute, type Graph, type Node } from '../../graph/ir.js'
import { producersOf, readsOf } from '../../graph/walk.js'
import type { Emitter } from '../emitter.js'

export class GraphReader {
  readonly #producers: Map<string, Node>
  readonly #uses = new Map<string, number>()

  /** @param kept values that count as read by somebody else, and that no pattern sees through: a gradient may be wanted of them */
  constructor(private readonly e: Emitter, private readonly kept: ReadonlySet<string>) {
    const { graph } = e
    this.#producers = producersOf(graph)
    const use = (name: string) => this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1)
    for (const node of graph.nodes) readsOf(node).forEach(use)
    for (const name of outside(graph, kept)) use(name)
  }

  /** The node of ai.onnx that makes a value, where it is one of the given operators. */
  maker(name: string, ...opTypes: readonly string[]): Node | null {
    const node = this.#producers.get(name)
    return node?.domain === '' && opTypes.includes(node.opType) ? node : null
  }

  /** Whether a single node reads the value, once. */
  isPrivate(name: string): boolean {
    return this.#uses.get(name) === 1
  }

  isKept(name: string): boolean {
    return this.kept.has(name)
  }

  uses(name: string): number {
    return this.#uses.get(name) ?? 0
  }

  /** The constant number that a value is everywhere, whatever it is broadcast to. */
  scalar(name: string): number | null {
    if (this.kept.has(name)) return null
    const dims = this.e.constantTensor(name)?.dims ?? this.e.staticDims(name)
    if (dims === null || dims.length > 1 || dims.some((size) => size !== 1)) return null
    return this.e.constantNumbers(name)?.[0] ?? null
  }

  /** The values that are multiplied to give `name`, through products that nothing else reads, and the product of those that are numbers. */
  factors(name: string): { readonly values: readonly string[]; readonly number: number } {
    const values: string[] = []
    let number = 1
    const collect = (from: string, isRoot: boolean): void => {
      const constant = this.scalar(from)
      const node = isRoot || this.isPrivate(from) ? this.maker(from, 'Mul', 'Div') : null
      const divisor = node?.opType === 'Div' ? this.scalar(node.inputs[1]) : null
      if (constant !== null) number *= constant
      else if (node?.opType === 'Mul') node.inputs.forEach((input) => collect(input, false))
      else if (node && divisor !== null && divisor !== 0) {
        number /= divisor
        collect(node.inputs[0], false)
      } else values.push(from)
    }
    collect(name, true)
    return { values, number }
  }

  /** Coefficients, constant first, of the polynomial in `x` that a value is; null where it is none of degree 3 or less. */
  polynomial(name: string, x: string, depth = 8): readonly number[] | null {
    if (name === x) return [0, 1]
    const constant = this.scalar(name)
    if (constant !== null) return [constant]
    const node = depth > 0 && !this.kept.has(name) ? this.maker(name, 'Add', 'Sub', 'Mul', 'Div', 'Pow') : null
    if (node === null) return null
    const [a, b] = node.inputs.map((input) => this.polynomial(input, x, depth - 1))
    if (!a || !b) return null
    switch (node.opType) {
      case 'Add': return sum(a, b, 1)
      case 'Sub': return sum(a, b, -1)
      case 'Mul': return product(a, b)
      case 'Div': return b.length === 1 && b[0] !== 0 ? a.map((value) => value / b[0]) : null
      default: return b.length === 1 && (b[0] === 2 || b[0] === 3) ? Array.from({ length: b[0] - 1 }).reduce<readonly number[] | null>((power) => power && product(power, a), a) : null
    }
  }
}

const outside = (graph: Graph, kept: ReadonlySet<string>): Set<string> => new Set([...kept, ...graph.outputs.map(({ name }) => name)])

function sum(a: readonly number[], b: readonly number[], sign: number): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + sign * (b[i] ?? 0))
}

function product(a: readonly number[], b: readonly number[]): number[] | null {
  if (a.length + b.length > 5) return null
  const result = new Array<number>(a.length + b.length - 1).fill(0)
  a.forEach((x, i) => b.forEach((y, j) => (result[i + j] += x * y)))
  return result
}

/** The permutation of a Transpose of the given rank. */
export const permutationOf = (node: Node, rank: number): readonly number[] => intsAttribute(node, 'perm', null) ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis)
