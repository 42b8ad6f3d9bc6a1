/** @file Runs a graph before and after it was fused, in float64, and its gradients against finite differences. */
import { expect } from 'vitest'
import { fuse } from '../../../src/autodiff/fusions/index.js'
import type { Graph } from '../../../src/graph/index.js'
import { checkGradient } from '../../conformance/check-gradient.js'
import { randomWeights, withObjective, type GraphAndFeeds, type Shapes } from '../../conformance/operator-case.js'
import type { Random } from '../../conformance/random.js'
import { largestError } from '../../reference/compare.js'
import { interpret } from '../../reference/index.js'

export const opsOf = (graph: Graph): string[] => graph.nodes.map(({ opType }) => opType)

/** Fuses, and expects every output to stay what it was. */
export function fuseAndCompare({ graph, feeds }: GraphAndFeeds, kept: readonly string[] = []): Graph {
  const { graph: fused } = fuse(graph, new Set([...kept, ...graph.inputs.map(({ name }) => name)]))
  const [before, after] = [interpret(graph, feeds), interpret(fused, feeds)]
  for (const [name, { dims, data }] of before) {
    expect(after.get(name)?.dims, name).toEqual(dims)
    expect(largestError(after.get(name)?.data ?? [], data), name).toBeLessThan(1e-6)
  }
  return fused
}

/** Gradients of a random combination of the outputs, with everything that differentiation does to the graph before. */
export async function expectGradients(forward: GraphAndFeeds, random: Random, withRespectTo: readonly string[] = ['x'], shapes: Shapes = 'static'): Promise<void> {
  const { graph, feeds } = withObjective(forward, randomWeights(random), shapes)
  await checkGradient(graph, feeds, 'objective', withRespectTo)
}
