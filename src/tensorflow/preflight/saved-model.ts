/**
 * @file A SavedModel before TensorFlow sees it: which operations loading and running would execute. TensorFlow executes whatever a graph names, and among its
 * operations are those that read and write files. Field numbers are those of saved_model.proto, graph.proto and function.proto.
 */
import { ProbityError } from '../../contracts/errors.js'
import { overLimit, WireReader, type PreflightLimits } from '../../graph/index.js'
import { findCircle } from './circles.js'
import { OPERATIONS, RESTORING, SAVING } from './operations.js'

type Node = { name: string; op: string; readonly inputs: string[]; readonly calls: string[] }
/** Nodes of the graph or of a function; `ends` are the ones that a caller reads, or all. */
type Body = { readonly nodes: Map<string, Node> }
type MetaGraph = { readonly main: Body; readonly functions: Map<string, Body>; readonly executed: string[]; readonly restore: string[] }
type Scan = { readonly limits: PreflightLimits; nodes: number; constantBytes: number }

/**
 * @throws ProbityError `tensorflow/operation` naming an operation that is not allowed, `preflight/<limit>`, or `graph/malformed`
 */
export function checkSavedModel(bytes: Uint8Array, limits: PreflightLimits): void {
  if (bytes.length === 0) throw malformed('it is empty')
  const scan: Scan = { limits, nodes: 0, constantBytes: 0 }
  const graphs: MetaGraph[] = []
  for (const field of fieldsOf(new WireReader(bytes))) if (field.field === 2 && field.wire === 2) graphs.push(readMetaGraph(scan, field.inside()))
  if (graphs.length === 0 || graphs.every(({ main }) => main.nodes.size === 0)) throw malformed('it has no graph with nodes')
  for (const graph of graphs) checkOperations(graph)
}

const malformed = (why: string): ProbityError => new ProbityError('tensorflow/malformed', `This is not a SavedModel: ${why}. Save the model again.`)

function* fieldsOf(reader: WireReader): Generator<WireReader> {
  while (reader.next()) yield reader
}

/** Texts and messages of a message, by field number. */
function* partsOf(reader: WireReader): Generator<WireReader> {
  for (const field of fieldsOf(reader)) if (field.wire === 2) yield field
}

function readMetaGraph(scan: Scan, reader: WireReader): MetaGraph {
  const graph: MetaGraph = { main: { nodes: new Map() }, functions: new Map(), executed: [], restore: [] }
  for (const part of partsOf(reader)) {
    if (part.field === 2) readGraphDef(scan, graph, part.inside())
    else if (part.field === 3) for (const saver of partsOf(part.inside())) { if (saver.field === 3) graph.restore.push(nodeName(text(scan, saver))) }
    else if (part.field === 4) readCollection(scan, graph, part.inside())
    else if (part.field === 5) readSignature(scan, graph, part.inside())
  }
  return graph
}

function readGraphDef(scan: Scan, graph: MetaGraph, reader: WireReader): void {
  for (const part of partsOf(reader)) {
    if (part.field === 1) addNode(graph.main, readNode(scan, part.inside()))
    else if (part.field === 2) for (const library of partsOf(part.inside())) { if (library.field === 1) readFunction(scan, graph, library.inside()) }
  }
}

function readFunction(scan: Scan, graph: MetaGraph, reader: WireReader): void {
  const body: Body = { nodes: new Map() }
  let name = ''
  for (const part of partsOf(reader)) {
    if (part.field === 1) for (const signature of partsOf(part.inside())) { if (signature.field === 1) name = text(scan, signature) }
    if (part.field === 3) addNode(body, readNode(scan, part.inside()))
  }
  if (graph.functions.has(name)) throw malformed(`it defines the function "${name}" twice`)
  graph.functions.set(name, body)
}

function addNode(body: Body, node: Node): void {
  if (body.nodes.has(node.name)) throw malformed(`two nodes are named "${node.name}"`)
  body.nodes.set(node.name, node)
}

function readNode(scan: Scan, reader: WireReader): Node {
  if (++scan.nodes > scan.limits.maxNodes) overLimit('maxNodes', `The model has ${scan.nodes} nodes or more`, scan.limits)
  const node: Node = { name: '', op: '', inputs: [], calls: [] }
  for (const part of partsOf(reader)) {
    if (part.field === 1) node.name = text(scan, part)
    else if (part.field === 2) node.op = text(scan, part)
    else if (part.field === 3) node.inputs.push(nodeName(text(scan, part)))
    else if (part.field === 5) for (const entry of partsOf(part.inside())) { if (entry.field === 2) readAttribute(scan, node, entry.inside(), 0) }
  }
  return node
}

function readAttribute(scan: Scan, node: Node, reader: WireReader, depth: number): void {
  if (depth > scan.limits.maxDepth) overLimit('maxDepth', `An attribute of node "${node.name}" nests ${depth} deep`, scan.limits)
  for (const part of partsOf(reader)) {
    if (part.field === 8) scan.constantBytes += tensorBytes(scan, node.name, part.inside())
    else if (part.field === 10) readCall(scan, node, part.inside(), depth)
    else if (part.field === 1) {
      for (const item of partsOf(part.inside())) {
        if (item.field === 8) scan.constantBytes += tensorBytes(scan, node.name, item.inside())
        else if (item.field === 9) readCall(scan, node, item.inside(), depth)
      }
    }
  }
  if (scan.constantBytes > scan.limits.maxMemoryBytes) overLimit('maxMemoryBytes', `The model's constants take ${scan.constantBytes} bytes or more`, scan.limits)
}

function readCall(scan: Scan, node: Node, reader: WireReader, depth: number): void {
  for (const part of partsOf(reader)) {
    if (part.field === 1) node.calls.push(text(scan, part))
    else if (part.field === 2) for (const entry of partsOf(part.inside())) { if (entry.field === 2) readAttribute(scan, node, entry.inside(), depth + 1) }
  }
}

/** What a constant becomes in memory: a shape of any size may come with a single element, which then fills it. */
function tensorBytes(scan: Scan, name: string, reader: WireReader): number {
  const dims: number[] = []
  for (const part of partsOf(reader)) {
    if (part.field !== 2) continue
    for (const dim of partsOf(part.inside())) {
      if (dim.field !== 2) continue
      let size = 0
      for (const value of fieldsOf(dim.inside())) if (value.field === 1 && value.wire === 0) size = value.value
      dims.push(size)
      if (dims.length > scan.limits.maxRank) overLimit('maxRank', `The constant "${name}" has ${dims.length} dimensions or more`, scan.limits)
    }
  }
  const elements = dims.reduce((product, dim) => product * dim, 1)
  if (!(elements <= scan.limits.maxElements)) overLimit('maxElements', `The constant "${name}" of shape [${dims.join(', ')}] has ${elements} elements`, scan.limits)
  return elements * BYTES_PER_ELEMENT
}
const BYTES_PER_ELEMENT = 4

/** Every collection of nodes counts as executed: some name what runs when the model is opened. */
function readCollection(scan: Scan, graph: MetaGraph, entry: WireReader): void {
  for (const value of partsOf(entry)) {
    if (value.field !== 2) continue
    for (const list of partsOf(value.inside())) if (list.field === 1) for (const name of partsOf(list.inside())) { if (name.field === 1) graph.executed.push(nodeName(text(scan, name))) }
  }
}

function readSignature(scan: Scan, graph: MetaGraph, entry: WireReader): void {
  for (const signature of partsOf(entry)) {
    if (signature.field !== 2) continue
    for (const end of partsOf(signature.inside())) {
      if (end.field !== 1 && end.field !== 2) continue
      for (const info of partsOf(end.inside())) if (info.field === 2) for (const name of partsOf(info.inside())) { if (name.field === 1) graph.executed.push(nodeName(text(scan, name))) }
    }
  }
}

function text(scan: Scan, reader: WireReader): string {
  const length = reader.end - reader.start
  if (length > scan.limits.maxNameBytes) overLimit('maxNameBytes', `The model holds a name of ${length} bytes`, scan.limits)
  return reader.text()
}

/** `^name`, `name:0` and in functions `name:output:0` are all the node. */
const nodeName = (reference: string): string => reference.replace(/^\^/, '').split(':')[0]

function checkOperations({ main, functions, executed, restore }: MetaGraph): void {
  for (const body of [main, ...functions.values()]) for (const node of body.nodes.values()) require(node, functions, (op) => RESTORING.has(op) || SAVING.has(op))
  checkCalls(functions)
  for (const node of reached(main, functions, executed)) require(node, functions, () => false)
  for (const node of reached(main, functions, restore)) require(node, functions, (op) => RESTORING.has(op))
}

function require(node: Node, functions: ReadonlyMap<string, Body>, also: (op: string) => boolean): void {
  if (OPERATIONS.has(node.op) || functions.has(node.op) || also(node.op)) return
  throw new ProbityError('tensorflow/operation', `The model executes the operation ${node.op} in its node "${node.name}", which is not among those that only calculate. Export the model without it, or convert it to ONNX.`)
}

/** Every node that fetching `names` may execute, in the graph and in functions that are called; in functions, all nodes. */
function reached(main: Body, functions: ReadonlyMap<string, Body>, names: readonly string[]): Set<Node> {
  const found = new Set<Node>()
  const open: Node[] = []
  const meet = (node: Node | undefined): void => {
    if (!node || found.has(node)) return
    found.add(node)
    open.push(node)
  }
  const inMain = new Set<Node>(main.nodes.values())
  for (const name of names) meet(main.nodes.get(name))
  for (let node = open.pop(); node; node = open.pop()) {
    if (inMain.has(node)) for (const input of node.inputs) meet(main.nodes.get(input))
    for (const call of [node.op, ...node.calls]) for (const inner of functions.get(call)?.nodes.values() ?? []) meet(inner)
  }
  return found
}

/** Functions that call themselves never end. */
function checkCalls(functions: ReadonlyMap<string, Body>): void {
  const calls = new Map([...functions].map(([name, { nodes }]) => [name, [...nodes.values()].flatMap((node) => [node.op, ...node.calls])]))
  const circle = findCircle(calls)
  if (circle !== null) throw new ProbityError('preflight/function-cycle', `The function "${circle}" calls itself. Export the model again.`)
}
