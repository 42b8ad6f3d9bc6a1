/** @file The first look at an untrusted model: on the bytes, before anything is decoded. */
import { ProbityError } from '../../contracts/errors.js'
import { refuseByContent } from './format.js'
import { DEFAULT_LIMITS, overLimit, type PreflightLimits } from './limits.js'
import { scanModel } from './scan.js'
import { newScan, type Body, type Scan } from './scan-state.js'
import { WireReader } from './wire-reader.js'

export type PreflightSummary = {
  readonly bytes: number
  /** With subgraphs, and with local functions expanded as a runtime would. */
  readonly nodes: number
  readonly initializers: number
  readonly functions: number
  /** How deep subgraphs nest; 0 without any. */
  readonly depth: number
  /** Domains of the operators in use; '' is ai.onnx. */
  readonly domains: readonly string[]
  readonly opsets: readonly { readonly domain: string; readonly version: number }[]
  /** Files that initializers point to, as the model names them. */
  readonly externalLocations: readonly string[]
  /** Initializers and the largest declared value, with unknown batch sizes taken as `blockRows`: what running takes at the very least. */
  readonly memoryBytes: number
}

/**
 * Checks a model's bytes against limits without decoding it: time is linear in the number of fields, memory constant.
 *
 * @throws ProbityError `preflight/format` for files of other formats, `graph/malformed`, `preflight/no-graph`, `preflight/function-cycle`,
 * and `preflight/<limit>` naming the limit
 */
export function preflight(bytes: Uint8Array, limits: Partial<PreflightLimits> = {}): PreflightSummary {
  const settled = { ...DEFAULT_LIMITS, ...limits }
  if (bytes.length > settled.maxBytes) overLimit('maxBytes', `The file has ${bytes.length} bytes`, settled)
  if (bytes.length === 0) throw new ProbityError('preflight/no-graph', 'The file is empty. Export or download the model again.')
  refuseByContent(bytes)
  const scan = newScan(settled)
  scanModel(scan, new WireReader(bytes))
  const { main } = scan
  if (main === null || (main.nodes === 0 && scan.initializers === 0)) return refuseWithoutGraph(bytes)
  const domains = checkDomains(scan, main)
  const expanded = expandFunctions(scan, main)
  const memoryBytes = scan.initializerBytes + scan.largestValueBytes
  if (memoryBytes > settled.maxMemoryBytes) overLimit('maxMemoryBytes', `The model's tensors take ${memoryBytes} bytes or more in blocks of ${settled.blockRows} rows`, settled)
  return {
    bytes: bytes.length, nodes: expanded.nodes, initializers: scan.initializers, functions: scan.functions.size, depth: expanded.depth, domains, opsets: scan.opsets,
    externalLocations: [...scan.externalLocations], memoryBytes,
  }
}

/** TensorFlow's saved_model.pb begins like an ONNX file of version 1 and has no graph where ONNX has one. */
function refuseWithoutGraph(bytes: Uint8Array): never {
  const savedModel = bytes[0] === 8 && bytes[1] === 1 && bytes[2] === 18
  if (savedModel) throw new ProbityError('preflight/format', 'The file looks like a TensorFlow SavedModel, not an ONNX model. Convert it with python -m tf2onnx.convert --saved-model FOLDER --output model.onnx.')
  throw new ProbityError('preflight/no-graph', 'The file has no graph with nodes, so it is not an ONNX model, or an empty one. Export or download the model again.')
}

function checkDomains(scan: Scan, main: Body): string[] {
  const own = new Set([...scan.functions.keys()].map((key) => key.split('\n')[0]))
  const used = new Map<string, string>()
  for (const body of [main, ...scan.functions.values()]) {
    for (const key of body.operators.keys()) {
      const [domain, operator] = key.split('\n')
      used.set(domain, operator)
      if (!scan.limits.domains.includes(domain) && !(own.has(domain) && scan.functions.has(key))) {
        throw new ProbityError('preflight/domains', `Operator ${operator} is of the domain "${domain}", which needs code outside ONNX; known are ${scan.limits.domains.filter(Boolean).join(', ')}. Export the model with standard operators.`)
      }
    }
  }
  return [...used.keys()].sort()
}

type Size = { readonly nodes: number; readonly depth: number; readonly loops: number }

/** Runtimes expand functions in place, so small files can hold exponentially many nodes, and functions that call themselves never end. */
function expandFunctions({ functions, limits }: Scan, main: Body): Size {
  const sizes = new Map<string, Size>()
  const open = new Set<string>()
  const sizeOf = (body: Body): Size => {
    let { nodes, depth, loops } = body
    for (const [key, uses] of body.operators) {
      const definition = functions.get(key)
      if (!definition) continue
      if (open.has(key)) throw new ProbityError('preflight/function-cycle', `The function ${key.split('\n')[1]} calls itself. Export the model again.`)
      let inner = sizes.get(key)
      if (inner === undefined) {
        if (open.size >= limits.maxDepth * 8) overLimit('maxDepth', `Functions call each other ${open.size} deep`, limits)
        open.add(key)
        inner = sizeOf(definition)
        open.delete(key)
        sizes.set(key, inner)
      }
      nodes += uses.count * inner.nodes
      depth = Math.max(depth, uses.depth + inner.depth)
      loops = Math.max(loops, uses.loops + inner.loops)
    }
    return { nodes, depth, loops }
  }
  const expanded = sizeOf(main)
  for (const body of functions.values()) sizeOf(body)
  const where = 'with its functions expanded'
  if (!(expanded.nodes <= limits.maxNodes)) overLimit('maxNodes', `The model has ${expanded.nodes} nodes ${where}`, limits)
  if (expanded.depth > limits.maxDepth) overLimit('maxDepth', `The model nests subgraphs ${expanded.depth} deep ${where}`, limits)
  if (expanded.loops > limits.maxLoopDepth) overLimit('maxLoopDepth', `The model nests loops ${expanded.loops} deep ${where}`, limits)
  return expanded
}
