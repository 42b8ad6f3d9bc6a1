/** @file A GraphModel: nodes with names, each of which can be fetched or fed. */
import type * as Tf from '@tensorflow/tfjs'
import type { ModelJson } from '../../tensorflow/index.js'
import type { Signature } from '../batch.js'
import { type GraphNode, type GraphPort, readNodes, readPorts, splitName } from './graph-nodes.js'
import type { Network, NetworkValue, Reading } from './network.js'
import { bestReading, isLabelLike, type LastStep, readFloat } from './reading.js'

/** Where the next node depends on a value, TensorFlow.js waits for it. */
const WAITS = /^(Switch|Merge|Enter|Exit|NextIteration|(Stateless)?If|(Stateless)?While|NonMaxSuppressionV\d|Where|HashTable(V2)?|LookupTable.*)$/

export function graphNetwork(model: Tf.GraphModel, json: ModelJson, metadata: Readonly<Record<string, string>>, classes: readonly string[] | null, producer: string): Network {
  const nodes = readNodes(json)
  const ports = readPorts(json, nodes)
  const nodeOf = new Map([...ports.inputs, ...ports.outputs].map(({ name, node }) => [name, node]))
  const values = valuesOf(nodes, ports.inputs, ports.outputs)
  const mustWait = waiting(nodes)
  const toNode = (name: string) => nodeOf.get(name) ?? name
  const signature = ({ name, dtype, dims }: GraphPort): Signature => ({ name, dtype, dims })
  return {
    format: 'tfjs-graph-model', producer, metadata, values, noGradient: null, waits: [...nodes.values()].some(({ op }) => WAITS.test(op)),
    inputs: ports.inputs.map(signature), outputs: ports.outputs.map(signature),
    aliases: new Map([...ports.inputs, ...ports.outputs].flatMap(({ name, node }) => (name !== node && !nodeOf.has(node) ? [[node, name] as const] : []))),
    read: (named) => readGraph(nodes, named === null ? ports.outputs : [ports.outputs.find(({ name }) => name === named) ?? { name: named, node: named, dtype: 'float32', dims: values.get(named)?.dims ?? null }], classes),
    run({ feeds, fetches, given }) {
      const fed = Object.fromEntries([...feeds, ...(given ?? [])].map(([name, tensor]) => [toNode(name), tensor]))
      const asked = fetches.map(toNode)
      // A node that is fed has no more to calculate.
      const wanted = [...new Set(asked.filter((node) => !Object.hasOwn(fed, node)))]
      const named = (answer: Tf.Tensor | Tf.Tensor[]) => {
        const answers = Array.isArray(answer) ? answer : [answer]
        return new Map(fetches.map((name, i) => [name, fed[asked[i]] ?? answers[wanted.indexOf(asked[i])]]))
      }
      if (wanted.length === 0) return named([])
      return mustWait(wanted, fed) ? model.executeAsync(fed, wanted).then(named) : named(model.execute(fed, wanted))
    },
    dispose: () => model.dispose(),
  }
}

/** Whether anything between what is fed and what is wanted makes TensorFlow.js wait: it warns of waiting for nothing, and refuses not to wait. */
function waiting(nodes: ReadonlyMap<string, GraphNode>): (wanted: readonly string[], fed: object) => boolean {
  const known = new Map<string, boolean>()
  return (wanted, fed) => {
    const key = JSON.stringify([wanted, Object.keys(fed)])
    let answer = known.get(key)
    if (answer === undefined) known.set(key, (answer = [...above(nodes, wanted, fed)].some((name) => WAITS.test(nodes.get(name)?.op ?? ''))))
    return answer
  }
}

/** The wanted nodes and everything that they are calculated from. */
function above(nodes: ReadonlyMap<string, GraphNode>, wanted: readonly string[], fed: object): Set<string> {
  const found = new Set(wanted.map((name) => splitName(name).node))
  for (const name of found) {
    if (Object.hasOwn(fed, name)) continue
    for (const input of nodes.get(name)?.inputs ?? []) found.add(splitName(input).node)
  }
  return found
}

/** Nodes with one output, which is what can be replaced; inputs and outputs under the names of the signature. */
function valuesOf(nodes: ReadonlyMap<string, GraphNode>, inputs: readonly GraphPort[], outputs: readonly GraphPort[]): Map<string, NetworkValue> {
  const severalOutputs = new Set([...nodes.values()].flatMap(({ inputs: names }) => names.map(splitName).filter(({ index }) => index > 0).map(({ node }) => node)))
  const fromInputs = reached(nodes, inputs.map(({ node }) => node))
  const values = new Map<string, NetworkValue>()
  for (const { name, op } of nodes.values()) {
    if (op === 'NoOp' || severalOutputs.has(name)) continue
    const isWeight = op === 'Const' || !fromInputs.has(name)
    values.set(name, { kind: isWeight ? 'weight' : 'activation', dims: null, isFloat: true })
  }
  for (const { name, dims, dtype } of outputs) values.set(name, { kind: 'activation', dims, isFloat: dtype === 'float32' })
  for (const { name, node, dims, dtype } of inputs) {
    if (name !== node) values.delete(node)
    values.set(name, { kind: 'input', dims, isFloat: dtype === 'float32' })
  }
  return values
}

/** Everything behind the given nodes. */
function reached(nodes: ReadonlyMap<string, GraphNode>, from: Iterable<string>): Set<string> {
  const readers = new Map<string, string[]>()
  for (const { name, inputs } of nodes.values()) {
    for (const { node } of inputs.map(splitName)) readers.set(node, [...(readers.get(node) ?? []), name])
  }
  const found = new Set(from)
  // A set that grows while it is walked is walked to its end.
  for (const name of found) for (const reader of readers.get(name) ?? []) found.add(reader)
  return found
}

function readGraph(nodes: ReadonlyMap<string, GraphNode>, outputs: readonly GraphPort[], classes: readonly string[] | null): Reading {
  const behind = (name: string): GraphNode | undefined => {
    const node = nodes.get(splitName(name).node)
    return node && /^(Identity|Cast|StopGradient)$/.test(node.op) ? behind(node.inputs[0]) : node
  }
  const label = outputs.find((port) => isLabelLike(port, outputs.length === 1) || (port.dtype !== 'float32' && behind(port.node)?.op === 'ArgMax')) ?? null
  const readings = outputs.filter((port) => port !== label && port.dtype === 'float32').map((port) => readFloat(port, stepOf(behind(port.node)), classes))
  const source = label && behind(label.node)
  const scores = source?.op === 'ArgMax' ? readFloat({ name: source.inputs[0], dtype: 'float32', dims: null }, null, classes) : null
  const best = bestReading(readings) ?? scores
  const prediction = best?.prediction ?? { output: null, kind: 'label', logits: null, labelOutput: null, classes, columns: null }
  return { prediction: { ...prediction, labelOutput: label?.name ?? null }, independentColumns: best?.independentColumns ?? false }
}

function stepOf(node: GraphNode | undefined): LastStep | null {
  if (!node || (node.op !== 'Softmax' && node.op !== 'Sigmoid')) return null
  return { activation: node.op === 'Softmax' ? 'softmax' : 'sigmoid', logits: splitName(node.inputs[0]).index === 0 ? splitName(node.inputs[0]).node : null }
}
