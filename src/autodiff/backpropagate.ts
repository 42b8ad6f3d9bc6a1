/** @file The walk from seeds back to the values that gradients are wanted of. */
import { readsOf, type Graph } from '../graph/index.js'
import { isFloat } from '../tensor/dtypes.js'
import type { Emitter } from './emitter.js'
import type { Shortcuts } from './fusions/shortcut.js'
import { RuleContext } from './rule.js'
import { isConstant, ruleFor } from './rules/index.js'
import { isQuantizer } from './rules/quantization.js'

/**
 * Emits the vector-Jacobian product of the emitter's graph.
 *
 * @param seeds per value of the graph, the gradient that comes in from outside; emitted only where it has an effect
 * @param withRespectTo float values of the graph
 * @param shortcuts ways past several nodes at once
 * @returns the gradient of each of them that anything flows back to
 * @throws ProbityError `graph/no-gradient` naming node and operator
 */
export function backpropagate(emitter: Emitter, seeds: ReadonlyMap<string, () => string>, withRespectTo: readonly string[], shortcuts: Shortcuts = new Map()): Map<string, string> {
  const { graph } = emitter
  const active = activeValues(graph, emitter, withRespectTo)
  const contributions = new Map<string, string[]>()
  const contribute = (name: string, gradient: string) => contributions.set(name, [...(contributions.get(name) ?? []), gradient])
  const sums = new Map<string, string>()
  const gradientOf = (name: string): string | null => {
    const parts = contributions.get(name)
    if (!parts) return null
    const known = sums.get(name)
    if (known !== undefined) return known
    const sum = parts.length === 1 ? parts[0] : emitter.emit(parts.length === 2 ? 'Add' : 'Sum', parts)
    sums.set(name, emitter.describe(sum, emitter.type(name)))
    return sum
  }
  for (const [name, seed] of seeds) if (active.has(name)) contribute(name, seed())
  for (const node of [...graph.nodes].reverse()) {
    const reads = readsOf(node)
    const gradients = node.outputs.map((name) => (active.has(name) ? gradientOf(name) : null))
    if (gradients.every((gradient) => gradient === null) || isConstant(node) || !reads.some((name) => active.has(name))) continue
    const shortcut = shortcuts.get(node.outputs[0])
    if (shortcut && gradients[0] !== null && active.has(shortcut.input)) {
      contribute(shortcut.input, shortcut.gradient(emitter, gradients[0], gradientOf))
      continue
    }
    const rule = ruleFor(node)
    const context = new RuleContext(emitter, node, (name) => active.has(name), gradients, backpropagate)
    const sources = [...node.inputs, ...context.captured]
    sources.forEach((name, input) => {
      const gradient = active.has(name) ? rule(context, input) : null
      if (gradient !== null) contribute(name, gradient)
    })
  }
  return new Map(withRespectTo.flatMap((name) => {
    const gradient = gradientOf(name)
    return gradient === null ? [] : [[name, gradient] as const]
  }))
}

/** Every float value that changes with one of `sources`, themselves included, and the integers that stand for one. */
function activeValues(graph: Graph, emitter: Emitter, sources: readonly string[]): Set<string> {
  const active = new Set(sources)
  const isNumber = (name: string) => {
    const dtype = emitter.knownDtype(name)
    return name !== '' && (dtype === null || isFloat(dtype))
  }
  for (const node of graph.nodes) {
    if (isConstant(node) || !readsOf(node).some((name) => active.has(name))) continue
    node.outputs.forEach((output, i) => (isNumber(output) || (i === 0 && isQuantizer(node))) && active.add(output))
  }
  return active
}
