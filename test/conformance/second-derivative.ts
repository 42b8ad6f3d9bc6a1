/** @file The gradient of a gradient: a gradient graph with a new objective made of its gradients. */
import { differentiate } from '../../src/autodiff/index.js'
import { GraphBuilder, int } from '../../src/graph/index.js'
import type { RefTensor } from '../reference/index.js'
import type { GraphAndFeeds } from './operator-case.js'
import type { Random } from './random.js'

/** A graph whose output `second` [elements] is every gradient of the given inputs times a weight that is fed: its gradient is a second derivative. */
export function gradientsAsObjective({ graph, feeds }: GraphAndFeeds, wanted: readonly string[], random: Random): GraphAndFeeds {
  const first = differentiate(graph, { objective: { output: 'objective' }, withRespectTo: wanted })
  const builder = new GraphBuilder(first)
  const fedToo = new Map(feeds)
  const parts = wanted.map((name) => {
    const { dims, dtype } = feeds.get(name) as RefTensor
    const weights = random.between(dims, -1, 1, dtype)
    fedToo.set(`second/${name}`, weights)
    builder.input({ name: `second/${name}`, type: { kind: 'tensor', dtype, dims } })
    return builder.add('Reshape', [builder.add('Mul', [first.gradients.get(name) as string, `second/${name}`]), builder.shape([-1])])
  })
  builder.nodes.push({ name: 'second', opType: 'Concat', domain: '', inputs: parts, outputs: ['second'], attributes: new Map([['axis', int(0)]]) })
  return { graph: { ...builder.build(), outputs: [{ name: 'second', type: null }] }, feeds: fedToo }
}
