/** @file Counts and bounds everything in a ModelProto on the wire. Field numbers are those of onnx.proto. */
import { ProbityError } from '../../contracts/errors.js'
import { overLimit } from './limits.js'
import { list, nameIn, newBody, type Body, type Scan } from './scan-state.js'
import { scanSparse, scanTensor, scanType, scanValue } from './scan-tensors.js'
import type { WireReader } from './wire-reader.js'

/** Where a scan is: how deep in subgraphs, and in how many of those that repeat. */
type Place = { readonly depth: number; readonly loops: number }
const TOP: Place = { depth: 0, loops: 0 }

/** A domain, an operator's name and its overload; none of them holds line breaks worth telling apart. */
export const operatorKey = (domain: string, name: string, overload: string): string => `${domain === 'ai.onnx' ? '' : domain}\n${name}${overload === '' ? '' : `\n${overload}`}`

export function scanModel(scan: Scan, model: WireReader): void {
  while (model.next()) {
    if (model.wire !== 2) continue
    list(scan, 1)
    if (model.field === 7) {
      // Decoders merge a repeated message, each in its own way.
      if (scan.main) throw new ProbityError('graph/malformed', 'The file has two graphs where a model has one. Export the model again.')
      scanGraph(scan, (scan.main = newBody()), model.inside(), TOP)
    } else if (model.field === 8) scan.opsets.push(readOpset(scan, model.inside()))
    else if (model.field === 14) scanEntry(scan, model.inside())
    else if (model.field === 20) scanTraining(scan, model.inside())
    else if (model.field === 25) scanFunction(scan, model.inside())
  }
}

function readOpset(scan: Scan, opset: WireReader): { domain: string; version: number } {
  const found = { domain: '', version: 0 }
  while (opset.next()) {
    if (opset.field === 1 && opset.wire === 2) found.domain = nameIn(scan, opset)
    else if (opset.field === 2 && opset.wire === 0) found.version = opset.value
  }
  return found
}

/** Metadata: the key is a name, the value may be long. */
function scanEntry(scan: Scan, entry: WireReader): void {
  while (entry.next()) if (entry.field === 1 && entry.wire === 2) nameIn(scan, entry)
}

/** No inference runtime looks at training graphs, but every decoder reads them. */
function scanTraining(scan: Scan, training: WireReader): void {
  const body = newBody()
  while (training.next()) if (training.wire === 2 && (training.field === 1 || training.field === 2)) scanGraph(scan, body, training.inside(), TOP)
}

function scanFunction(scan: Scan, definition: WireReader): void {
  const body = newBody()
  let [name, domain, overload] = ['', '', '']
  while (definition.next()) {
    if (definition.wire !== 2) continue
    list(scan, 1)
    if (definition.field === 1) name = nameIn(scan, definition)
    else if (definition.field === 10) domain = nameIn(scan, definition)
    else if (definition.field === 13) overload = nameIn(scan, definition)
    else if (definition.field === 4 || definition.field === 5 || definition.field === 6) nameIn(scan, definition)
    else if (definition.field === 7) scanNode(scan, body, definition.inside(), TOP)
    else if (definition.field === 11) scanAttribute(scan, body, definition.inside(), TOP, 0)
    else if (definition.field === 12) scanValue(scan, definition.inside())
  }
  const key = operatorKey(domain, name, overload)
  if (scan.functions.has(key)) throw new ProbityError('graph/malformed', `The function "${name}" is defined twice. Export the model again.`)
  scan.functions.set(key, body)
}

function scanGraph(scan: Scan, body: Body, graph: WireReader, place: Place): void {
  body.depth = Math.max(body.depth, place.depth)
  body.loops = Math.max(body.loops, place.loops)
  if (place.depth > scan.limits.maxDepth) overLimit('maxDepth', `The model nests subgraphs ${place.depth} deep`, scan.limits)
  if (place.loops > scan.limits.maxLoopDepth) overLimit('maxLoopDepth', `The model nests loops ${place.loops} deep`, scan.limits)
  while (graph.next()) {
    if (graph.wire !== 2) continue
    list(scan, 1)
    if (graph.field === 1) scanNode(scan, body, graph.inside(), place)
    else if (graph.field === 2) nameIn(scan, graph)
    else if (graph.field === 5) scanTensor(countInitializer(scan), graph.inside())
    else if (graph.field === 15) scanSparse(countInitializer(scan), graph.inside())
    else if (graph.field === 11 || graph.field === 12 || graph.field === 13) scanValue(scan, graph.inside())
    else if (graph.field === 16) scanEntry(scan, graph.inside())
  }
}

function countInitializer(scan: Scan): Scan {
  if (++scan.initializers > scan.limits.maxInitializers) overLimit('maxInitializers', `The model has ${scan.initializers} initializers or more`, scan.limits)
  return scan
}

const LOOPS: ReadonlySet<string> = new Set(['\nLoop', '\nScan', '\nSequenceMap'])

function scanNode(scan: Scan, body: Body, node: WireReader, place: Place): void {
  body.nodes++
  if (++scan.nodes > scan.limits.maxNodes) overLimit('maxNodes', `The model has ${scan.nodes} nodes or more`, scan.limits)
  let [operator, domain, overload, hasAttributes] = ['', '', '', false]
  const again = node.again()
  while (node.next()) {
    if (node.wire !== 2) continue
    list(scan, 1)
    if (node.field === 1 || node.field === 2 || node.field === 3) nameIn(scan, node)
    else if (node.field === 4) operator = nameIn(scan, node)
    else if (node.field === 7) domain = nameIn(scan, node)
    else if (node.field === 8) overload = nameIn(scan, node)
    else if (node.field === 5) hasAttributes = true
  }
  const key = operatorKey(domain, operator, overload)
  const uses = body.operators.get(key) ?? { count: 0, ...place }
  body.operators.set(key, { count: uses.count + 1, depth: Math.max(uses.depth, place.depth), loops: Math.max(uses.loops, place.loops) })
  // Only now is it known whether its bodies repeat: the file may name the operator after them.
  while (hasAttributes && again.next()) if (again.wire === 2 && again.field === 5) scanAttribute(scan, body, again.inside(), place, LOOPS.has(key) ? 1 : 0)
}

function scanAttribute(scan: Scan, body: Body, attribute: WireReader, { depth, loops }: Place, repeats: 0 | 1): void {
  while (attribute.next()) {
    const { field, wire } = attribute
    if (field === 7 || field === 8 || field === 9) list(scan, attribute.count(field === 7 ? 4 : field === 8 ? 'varint' : 'message'))
    if (wire !== 2) continue
    if (field === 1 || field === 21) nameIn(scan, attribute)
    else if (field === 5 || field === 10) scanTensor(scan, attribute.inside())
    else if (field === 6 || field === 11) scanGraph(scan, body, attribute.inside(), { depth: depth + 1, loops: loops + repeats })
    else if (field === 22 || field === 23) scanSparse(scan, attribute.inside())
    else if (field === 14 || field === 15) scanType(scan, attribute.inside(), '', 0)
  }
}
