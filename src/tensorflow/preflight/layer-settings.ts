/** @file One layer as model.json has it, and its settings, which come in Python's spelling or in JavaScript's. */
import { ProbityError } from '../../contracts/errors.js'

export type Json = Readonly<Record<string, unknown>>
export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])

/** Sizes without the batch; null is unknown. */
export type Shape = readonly (number | null)[]

export class Layer {
  constructor(readonly className: string, readonly name: string, readonly config: Json, readonly inboundNodes: readonly unknown[]) {}

  /** By its name in Python: `kernel_size`. */
  setting(name: string): unknown {
    const camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    return this.config[name] ?? this.config[camel] ?? null
  }

  /** @throws ProbityError where the setting is there and no size; @returns `otherwise` where it is not */
  size(name: string, otherwise = 0): number {
    return this.asSize(name, this.setting(name) ?? otherwise)
  }

  /** One size for each axis; one number stands for all. */
  sizes(name: string, axes: number, otherwise: number): number[] {
    const value = this.setting(name) ?? otherwise
    return Array.from({ length: axes }, (_, i) => this.asSize(name, Array.isArray(value) ? (value as unknown[])[i] : value))
  }

  flag(name: string): boolean {
    return this.setting(name) === true
  }

  text(name: string, otherwise: string): string {
    const value = this.setting(name)
    return typeof value === 'string' ? value.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : otherwise
  }

  /** A layer within this one. */
  inner(name: string): Layer | null {
    return layerOf(this.setting(name))
  }

  private asSize(name: string, value: unknown): number {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw new ProbityError('tensorflow/malformed', `The ${name} of the layer "${this.name}" (${this.className}) is ${JSON.stringify(value)?.slice(0, 60) ?? 'missing'}, which is no size. Save the model again.`)
    }
    return value
  }
}

export function layerOf(value: unknown): Layer | null {
  if (!isObject(value)) return null
  const className = value['class_name'] ?? value['className']
  const config = isObject(value['config']) ? value['config'] : {}
  const name = value['name'] ?? config['name']
  return typeof className === 'string' ? new Layer(className, typeof name === 'string' ? name : '', config, listOf(value['inbound_nodes'] ?? value['inboundNodes'])) : null
}

/** Shape of the batch that a layer is fed with, without its first size. */
export function statedShape(layer: Layer): Shape | null {
  const stated = layer.setting('batch_input_shape') ?? layer.setting('batch_shape')
  const whole = Array.isArray(stated) ? (stated as unknown[]).slice(1) : layer.setting('input_shape')
  return Array.isArray(whole) ? (whole as unknown[]).map((size) => (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null)) : null
}
