/** @file The layers of a model, one call after the other. */
import { isContainer, malformed, nestedContainer, type Container, type LayerDefinition, type Ref } from './topology.js'
import { LayerCall, type Inner, type Mask } from './layer-call.js'
import { LayerConfig } from './layer-config.js'
import { LayerWeights, type WeightFile } from './layer-weights.js'
import { LAYERS } from './layers/index.js'
import { maskAfter, READS_MASK } from './masks.js'
import { executionOrder } from './order.js'
import { Refusal } from './refusal.js'
import type { Value, Writer } from './writer.js'

/** More calls than any honest model has; models within models multiply them. */
const MOST_CALLS = 100_000

/** What TensorFlow.js keeps while a model runs, and hands from each layer to the next. */
type Running = { mask: Mask | null }

export class Conversion {
  /** A sentence for each layer that cannot be converted. */
  readonly obstacles = new Set<string>()
  #calls = 0

  constructor(readonly w: Writer, readonly weights: WeightFile) {}

  /** @param path names of the models around this one, each with a slash */
  container(container: Container, inputs: readonly Value[], path: string, given: Running | null = null): readonly Value[] {
    const made = new Map<string, { readonly outputs: readonly Value[]; readonly mask: Mask | null }>()
    const keyOf = ({ layer, call }: Ref): string => `${call}:${layer}`
    container.inputs.forEach((ref, i) => made.set(keyOf(ref), { outputs: [inputs[i]], mask: null }))
    let running = given
    const find = (ref: Ref): { readonly value: Value; readonly mask: Mask | null } => {
      const found = made.get(keyOf(ref))
      const value = found?.outputs[ref.output]
      if (!found || !value) throw malformed(`output ${ref.output} of layer "${ref.layer}" does not exist`)
      return { value, mask: found.mask }
    }
    for (const ref of executionOrder(container)) {
      const definition = container.layers.get(ref.layer)
      if (definition?.className === 'InputLayer' && made.has(keyOf(ref))) continue
      const sources = definition?.calls[ref.call]
      if (!definition || !sources) throw malformed(`input "${ref.layer}" is none of the model's inputs`)
      const found = sources.map(find)
      const masks = found.map(({ mask }) => mask)
      if (masks.some((mask) => mask !== null)) {
        running ??= { mask: null }
        running.mask = masks[0]
      }
      if (!made.has(keyOf(ref))) made.set(keyOf(ref), this.#call(definition, found.map(({ value }) => value), masks, running, path))
    }
    return container.outputs.map((ref) => find(ref).value)
  }

  #call(definition: LayerDefinition, inputs: readonly Value[], masks: readonly (Mask | null)[], running: Running | null, path: string): { outputs: readonly Value[]; mask: Mask | null } {
    const { name, className } = definition
    if (++this.#calls > MOST_CALLS) throw malformed(`its layers are called more than ${MOST_CALLS} times`)
    const guessed = inputs.some((value) => value.guessed)
    const start = this.w.nodes.length
    this.w.path = `${path}${name}`
    const call = new LayerCall(this.w, className, new LayerConfig(definition.config), new LayerWeights(this.weights, name, definition, '', guessed), inputs, running?.mask ?? null, (inner) => this.#inner(inner, definition))
    try {
      if (definition.keywords.length > 0) throw new Refusal(`TensorFlow.js passes over the arguments of its calls (${definition.keywords.join(', ')}) when the model runs`)
      if (call.mask !== masks[0] && READS_MASK.has(className)) throw new Refusal('TensorFlow.js hands it the mask of another layer, which ran before it')
      const outputs = definition.container ? this.#nested(definition.container, call, path) : converterOf(className)(call)
      const mask = maskAfter(call, masks)
      return { outputs: this.#named(outputs, start, `${path}${name}`).map((value) => ({ ...value, ...(guessed && { guessed }) })), mask }
    } catch (error) {
      if (error instanceof Refusal ? !guessed || error.about === 'layer' : !guessed) {
        if (!(error instanceof Refusal)) throw error
        this.obstacles.add(`${className} "${path}${name}": ${error.message}.`)
      }
      this.w.nodes.length = start
      // The layers behind it are looked at as if it did nothing, for the sake of what they refuse by themselves.
      const [guess = { name: '', dims: [], order: null, dtype: 'float32' as const }] = inputs
      return { outputs: new Array<Value>(64).fill({ ...guess, guessed: true }), mask: null }
    }
  }

  #nested(container: Container, call: LayerCall, path: string): readonly Value[] {
    if (call.mask !== null && readsMask(container)) throw new Refusal('TensorFlow.js hands the mask that is around it to every layer within')
    if (call.inputs.length !== container.inputs.length) throw new Refusal(`it is given ${call.inputs.length} inputs and has ${container.inputs.length}`)
    return this.container(container, call.inputs, `${path}${container.name}/`, { mask: null })
  }

  #inner({ className, config, weights, inputs, path }: Inner, owner: LayerDefinition): readonly Value[] {
    const before = this.w.path
    this.w.path = path
    const outputs = isContainer(className)
      ? this.container(nestedOf(owner, className, config), inputs, `${path}/`)
      : converterOf(className)(new LayerCall(this.w, className, new LayerConfig(config), weights, inputs, null, (inner) => this.#inner(inner, owner)))
    this.w.path = before
    return outputs
  }

  /** Gives what a layer answers the name of the layer, where the layer has written it. One value may be answered twice. */
  #named(outputs: readonly Value[], start: number, name: string): Value[] {
    const written = new Set(this.w.nodes.slice(start).flatMap((node) => node.outputs))
    const names = new Map<string, string>()
    outputs.forEach((value, i) => {
      if (names.has(value.name) || !written.has(value.name)) return
      const to = this.w.fresh(i === 0 ? name : `${name}/output_${i}`)
      this.w.rename(value.name, to, start)
      names.set(value.name, to)
    })
    return outputs.map((value) => ({ ...value, name: names.get(value.name) ?? value.name }))
  }
}

function converterOf(className: string): (call: LayerCall) => readonly Value[] {
  const converter = LAYERS.get(className)
  if (!converter) throw new Refusal(className === 'Lambda' ? 'it is code, not a layer' : 'this class is none of TensorFlow.js\' layers, so what it computes is not known')
  return converter
}

const readsMask = ({ layers }: Container): boolean => [...layers.values()].some(({ className, container }) => READS_MASK.has(className) || (container !== null && readsMask(container)))

/** The model within a wrapper is the same one, and its layers the same owners of their weights, at every call. */
const containers = new WeakMap<LayerDefinition, Container>()
function nestedOf(owner: LayerDefinition, className: string, config: unknown): Container {
  const known = containers.get(owner)
  if (known) return known
  const container = nestedContainer(className, config)
  containers.set(owner, container)
  return container
}
