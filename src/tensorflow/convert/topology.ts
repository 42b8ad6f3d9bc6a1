/** @file A model's layers and how they are connected, whether it is written as a sequence or as a graph. */
import { ProbityError } from '../../contracts/errors.js'
import { isRecord, type RawConfig } from './layer-config.js'

/** An output of one call of a layer. */
export type Ref = { readonly layer: string; readonly call: number; readonly output: number }

export type LayerDefinition = {
  readonly name: string
  readonly className: string
  readonly config: RawConfig
  /** What each call is given. None for an input. */
  readonly calls: readonly (readonly Ref[])[]
  /** For a layer that is a model itself. */
  readonly container: Container | null
  /** Arguments of calls that TensorFlow.js passes over when the model runs. */
  readonly keywords: readonly string[]
}

export type Container = {
  readonly name: string
  readonly layers: ReadonlyMap<string, LayerDefinition>
  readonly inputs: readonly Ref[]
  readonly outputs: readonly Ref[]
}

const CONTAINERS = new Set(['Model', 'Functional', 'Sequential'])
const DEEPEST = 64

export const isContainer = (className: string): boolean => CONTAINERS.has(className)

/** @throws ProbityError `tensorflow/malformed` for what is no topology of Keras */
export function readTopology(topology: RawConfig): Container {
  const nested = topology['model_config']
  return containerOf(isRecord(nested) ? nested : topology, 0)
}

function containerOf(value: unknown, depth: number): Container {
  const { className, config } = classAndConfig(value, 'the model')
  if (!isContainer(className)) throw malformed(`its class is "${className}", not Sequential or Model`)
  return nestedContainer(className, config, depth)
}

/** The model that a layer of one of the container classes is. */
export function nestedContainer(className: string, config: unknown, depth = 1): Container {
  if (depth > DEEPEST) throw malformed(`its models lie more than ${DEEPEST} deep in each other`)
  return className === 'Sequential' ? sequential(config, depth) : functional(config, depth)
}

function sequential(config: unknown, depth: number): Container {
  const listed = Array.isArray(config) ? (config as unknown[]) : isRecord(config) ? config['layers'] : null
  if (!Array.isArray(listed) || listed.length === 0) throw malformed('a Sequential has no list of layers')
  const name = isRecord(config) && typeof config['name'] === 'string' ? config['name'] : 'sequential'
  const read = (listed as unknown[]).map((item, i) => classAndConfig(item, `layer ${i}`))
  // A sequence of one model is that model.
  if (read.length === 1 && isContainer(read[0].className)) return nestedContainer(read[0].className, read[0].config, depth + 1)
  const layers = new Map<string, LayerDefinition>()
  let previous: Ref | null = null
  for (const { className, config: own } of read) {
    const layerName = nameIn(own, className)
    if (layers.has(layerName)) throw malformed(`two layers are named "${layerName}"`)
    const container = isContainer(className) ? nestedContainer(className, own, depth + 1) : null
    if (previous === null && className !== 'InputLayer') {
      const input = container ? inputOf(container) : { ...own, name: `${layerName}_input` }
      layers.set(input.name, { name: input.name, className: 'InputLayer', config: input, calls: [], container: null, keywords: [] })
      previous = { layer: input.name, call: 0, output: 0 }
    }
    layers.set(layerName, { name: layerName, className, config: own, calls: previous === null ? [] : [[previous]], container, keywords: [] })
    previous = { layer: layerName, call: 0, output: 0 }
  }
  const [first] = layers.keys()
  return { name, layers, inputs: [{ layer: first, call: 0, output: 0 }], outputs: [previous as Ref] }
}

function inputOf({ inputs, layers }: Container): RawConfig & { readonly name: string } {
  const [only, ...others] = inputs
  if (others.length > 0) throw malformed('a model with several inputs stands at the beginning of a Sequential')
  const definition = layers.get(only.layer)
  return { ...definition?.config, name: only.layer }
}

function functional(config: unknown, depth: number): Container {
  if (!isRecord(config) || !Array.isArray(config['layers'])) throw malformed('a model has no list of layers')
  const layers = new Map<string, LayerDefinition>()
  for (const item of config['layers'] as unknown[]) {
    const { className, config: own } = classAndConfig(item, 'a layer')
    const outer = isRecord(item) ? item['name'] : null
    const name = typeof outer === 'string' && outer !== '' ? outer : nameIn(own, className)
    if (layers.has(name)) throw malformed(`two layers are named "${name}"`)
    const container = isContainer(className) ? nestedContainer(className, own, depth + 1) : null
    const { calls, keywords } = callsOf(isRecord(item) ? item['inbound_nodes'] ?? item['inboundNodes'] ?? [] : [], name)
    layers.set(name, { name, className, config: own, calls, container, keywords })
  }
  const refs = (key: string, other: string): Ref[] => {
    const value = config[key] ?? config[other]
    const list = Array.isArray(value) && typeof value[0] === 'string' ? [value] : value
    if (!Array.isArray(list) || list.length === 0) throw malformed(`a model has no ${key}`)
    return (list as unknown[]).map((item) => refOf(item, key))
  }
  const [inputs, outputs] = [refs('input_layers', 'inputLayers'), refs('output_layers', 'outputLayers')]
  const name = typeof config['name'] === 'string' ? config['name'] : 'model'
  return checked({ name, layers: counted(layers), inputs, outputs: outputs.map((ref) => countedRef(ref, layers)) })
}

function callsOf(value: unknown, layer: string): { calls: Ref[][]; keywords: string[] } {
  if (!Array.isArray(value)) throw malformed(`layer "${layer}" has no list of inbound_nodes`)
  const keywords = new Set<string>()
  const calls = (value as unknown[]).map((call) => {
    if (!Array.isArray(call)) throw malformed(`a call of layer "${layer}" is no list, as TensorFlow.js up to 4.22 needs it`)
    return (call as unknown[]).map((item) => {
      const given: unknown = Array.isArray(item) ? item[3] : null
      if (isRecord(given)) for (const [key, argument] of Object.entries(given)) if (argument !== null && typeof argument !== 'boolean') keywords.add(key)
      return refOf(item, 'inbound_nodes')
    })
  })
  return { calls, keywords: [...keywords] }
}

function refOf(item: unknown, where: string): Ref {
  const [layer, call, output] = Array.isArray(item) ? (item as unknown[]) : []
  if (typeof layer !== 'string' || !isIndex(call) || !isIndex(output)) throw malformed(`${where} does not name a layer, a call and an output`)
  return { layer, call, output }
}

const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** A model within counts its own making as its first call. */
const countedRef = (ref: Ref, layers: ReadonlyMap<string, { container: Container | null }>): Ref => (layers.get(ref.layer)?.container ? { ...ref, call: ref.call - 1 } : ref)

function counted(layers: ReadonlyMap<string, LayerDefinition>): Map<string, LayerDefinition> {
  return new Map([...layers].map(([name, layer]) => [name, { ...layer, calls: layer.calls.map((call) => call.map((ref) => countedRef(ref, layers))) }]))
}

/**
 * Connects the calls as TensorFlow.js does when it loads a model, in rounds.
 * @throws ProbityError for what can never be connected, and where it would take one call of a layer for another
 */
function checked(container: Container): Container {
  const { layers, inputs, outputs } = container
  const made = new Map([...layers].map(([name, { calls }]) => [name, calls.length === 0 ? 1 : 0]))
  const exists = ({ layer, call }: Ref): boolean => {
    const definition = layers.get(layer)
    return definition !== undefined && call >= 0 && call < Math.max(definition.calls.length, 1)
  }
  for (const ref of [...inputs, ...outputs, ...[...layers.values()].flatMap(({ calls }) => calls.flat())]) {
    if (!exists(ref)) throw malformed(`it reads call ${ref.call} of layer "${ref.layer}", which does not exist`)
  }
  for (const { layer } of inputs) if (layers.get(layer)?.className !== 'InputLayer') throw malformed(`its input "${layer}" is no InputLayer`)
  let waiting = [...layers.values()].filter(({ calls }) => calls.length > 0)
  while (waiting.length > 0) {
    const before = waiting.length
    let progress = false
    waiting = waiting.filter(({ name, calls }) => {
      const isReady = (call: readonly Ref[]) => call.every((ref) => (made.get(ref.layer) ?? 0) > ref.call)
      let next = made.get(name) ?? 0
      while (next < calls.length && isReady(calls[next])) {
        made.set(name, ++next)
        progress = true
      }
      if (calls.slice(next + 1).some(isReady)) throw new ProbityError('convert/unsupported', `The model cannot be converted: TensorFlow.js would take the calls of its layer "${name}" for each other, since a later one can be made first. Save it again with a copy of the layer's output in between.`)
      return next < calls.length
    })
    if (!progress && waiting.length === before) throw malformed(`layer "${waiting[0].name}" needs its own output`)
  }
  return container
}

function classAndConfig(value: unknown, what: string): { className: string; config: RawConfig } {
  if (!isRecord(value)) throw malformed(`${what} is not described`)
  const [className, config] = [value['class_name'] ?? value['className'], value['config'] ?? {}]
  if (typeof className !== 'string') throw malformed(`${what} has no class_name`)
  // Old files list the layers of a Sequential where its configuration stands.
  if (Array.isArray(config) && className === 'Sequential') return { className, config: { layers: config as unknown[] } }
  if (!isRecord(config)) throw malformed(`${what} has no configuration`)
  return { className, config }
}

function nameIn(config: RawConfig, className: string): string {
  const name = config['name']
  if (typeof name !== 'string' || name === '') throw malformed(`a layer of the class ${className} has no name`)
  return name
}

export const malformed = (why: string): ProbityError =>
  new ProbityError('tensorflow/malformed', `The topology in model.json is not one that TensorFlow.js can load: ${why}. Save the model again with model.save() or tensorflowjs_converter.`)
