/** @file The bodies of If, Loop and Scan: checking them, writing them, and the nodes that carry them. */
import { ProbityError } from '../contracts/errors.js'
import { toAttributes, type Attributes } from '../graph/builder.js'
import type { Graph, Node, ValueInfo } from '../graph/ir.js'
import { freeVariables, liesBetween, prune } from '../graph/walk.js'
import { Emitter } from './emitter.js'
import { lower } from './lower.js'
import { nameOf } from './node-context.js'

/**
 * A graph that a node carries in an attribute.
 *
 * @throws ProbityError `graph/malformed` naming the node: no such body, the wrong number of inputs or outputs, or a captured value that does not exist
 */
export function bodyOf(emitter: Emitter, node: Node, attribute: string, count: { readonly inputs: number; readonly outputs: number }): Graph {
  const body = node.attributes.get(attribute)
  if (body?.type !== 'graph') throw malformed(node, `has no graph "${attribute}"`)
  const { inputs, outputs } = body.value
  if (inputs.length !== count.inputs) throw malformed(node, `runs a body "${attribute}" of ${inputs.length} inputs (${listed(inputs)}), but gives it ${count.inputs}`)
  if (outputs.length < count.outputs) throw malformed(node, `wants ${count.outputs} outputs of its body "${attribute}", which has ${outputs.length} (${listed(outputs)})`)
  for (const name of freeVariables(body.value)) {
    if (!emitter.values.has(name)) throw malformed(node, `reads "${name}" in its body "${attribute}", which is no value of the body or of the graphs around it`)
  }
  return body.value
}

const malformed = (node: Node, what: string) => new ProbityError('graph/malformed', `${nameOf(node)} ${what}. Export the model again.`)
const listed = (values: readonly ValueInfo[]): string => values.map(({ name }) => `"${name}"`).join(', ')

/** An empty body to write into; its outputs are chosen when it is closed. */
export function openBody(outer: Emitter, name: string, inputs: readonly ValueInfo[]): Emitter {
  return new Emitter({ name, inputs, overridable: [], outputs: [], nodes: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: outer.graph.opsets }, { outer })
}

/** The body with what lies between `sources` and `targets` lowered, ready to be differentiated. */
export function lowerBody(body: Graph, sources: readonly string[], targets: readonly string[], outer: Emitter): Emitter {
  const lowered = lower(body, (graph) => liesBetween(graph, sources, targets), outer.approximations, outer)
  return new Emitter(lowered, { outer })
}

/** The graph of an emitter as a body: what `outputs` need, with exactly these inputs. Every output is made by a node of the body, and each by its own. */
export function closeBody(emitter: Emitter, inputs: readonly ValueInfo[], outputs: readonly string[]): Graph {
  const made = new Set(emitter.builder.nodes.flatMap((node) => node.outputs))
  const own = outputs.map((name) => {
    const output = made.delete(name) ? name : emitter.builder.add('Identity', [name], {}, 'result')
    const type = emitter.type(name)
    if (type) emitter.builder.valueInfo.set(output, { name: output, type })
    return output
  })
  return { ...prune({ ...emitter.builder.build(), outputs: [] }, own), inputs }
}

/** Adds a node with bodies, and gives the names of its outputs. */
export function emitControl(emitter: Emitter, opType: 'If' | 'Loop', inputs: readonly string[], bodies: Readonly<Record<string, Graph>>, outputs: number, attributes: Attributes = {}): string[] {
  const names = Array.from({ length: outputs }, () => emitter.builder.fresh(`probity/${opType}`))
  const graphs = Object.entries(bodies).map(([name, value]) => [name, { type: 'graph', value }] as const)
  emitter.keep({ name: names[0], opType, domain: '', inputs, outputs: names, attributes: new Map([...toAttributes(attributes), ...graphs]) })
  return names
}

/** Values that leave the body twice get both gradients. */
export function sumSeeds(e: Emitter, gradients: readonly (readonly [string, string])[]): Map<string, () => string> {
  const seeds = new Map<string, () => string>()
  for (const [name, gradient] of gradients) {
    const other = seeds.get(name)
    seeds.set(name, other ? () => e.add(other(), gradient) : () => gradient)
  }
  return seeds
}

const isRandom = (node: Node): boolean =>
  ['RandomNormal', 'RandomUniform', 'RandomNormalLike', 'RandomUniformLike', 'Bernoulli', 'Multinomial'].includes(node.opType) || (node.opType === 'Dropout' && Boolean(node.inputs[2]))

/** The name of a random value that a body makes: when the body is computed again for its gradient, it would be another one. */
export function randomValueIn(body: Graph): string | null {
  for (const node of body.nodes) {
    if (isRandom(node)) return node.outputs[0]
    for (const attribute of node.attributes.values()) {
      const inner = attribute.type === 'graph' ? randomValueIn(attribute.value) : null
      if (inner !== null) return inner
    }
  }
  return null
}
