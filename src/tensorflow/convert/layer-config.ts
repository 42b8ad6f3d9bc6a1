/** @file Reads a layer's configuration, whose keys and values come in Python's spelling or in JavaScript's. */
import { Refusal } from './refusal.js'

export type RawConfig = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is RawConfig => typeof value === 'object' && value !== null && !Array.isArray(value)

const LARGEST_SIZE = 2 ** 31

/** Keys are given in Python's spelling: `kernel_size`. */
export class LayerConfig {
  constructor(readonly raw: RawConfig) {}

  /** Null where the key is missing or null. */
  get(key: string): unknown {
    for (const name of [key, toCamel(key)]) if (Object.hasOwn(this.raw, name)) return this.raw[name] ?? null
    return null
  }

  number<D extends number | null>(key: string, otherwise: D): number | D {
    const value = this.get(key)
    if (value === null) return otherwise
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(key, value, 'a number')
    return value
  }

  /** A size: a whole number from 1. */
  size(key: string): number {
    const value = this.number(key, null)
    if (value === null || !isSize(value)) throw wrong(key, value, 'a whole number from 1')
    return value
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.get(key)
    if (value === null) return otherwise
    if (typeof value !== 'boolean') throw wrong(key, value, 'true or false')
    return value
  }

  /** In Python's spelling: `channels_first`. */
  text<D extends string | null>(key: string, otherwise: D): string | D {
    const value = this.get(key)
    if (value === null) return otherwise
    if (typeof value !== 'string') throw wrong(key, value, 'text')
    return toSnake(value)
  }

  choice<T extends string>(key: string, choices: readonly T[], otherwise: T): T {
    const value = this.text(key, otherwise)
    const known = choices.find((choice) => choice === value)
    if (known === undefined) throw wrong(key, value, choices.join(' or '))
    return known
  }

  /** Sizes by axis; one number stands for all of them. */
  sizes(key: string, count: number, otherwise: number | readonly number[]): number[] {
    const value = this.get(key) ?? otherwise
    const list = Array.isArray(value) ? (value as unknown[]) : new Array<unknown>(count).fill(value)
    if (list.length !== count || !list.every(isSize)) throw wrong(key, value, count === 1 ? 'a whole number from 1' : `${count} whole numbers from 1`)
    return list
  }

  /** Whole numbers in a list, or one alone. */
  integers(key: string, otherwise: readonly number[] | null = null): number[] {
    const value = this.get(key) ?? otherwise
    const list = Array.isArray(value) ? (value as unknown[]) : [value]
    if (!list.every((item): item is number => Number.isSafeInteger(item))) throw wrong(key, value, 'whole numbers')
    return list
  }

  /** Whether the channels are the last axis. */
  channelsLast(): boolean {
    return this.choice('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_last'
  }

  /** A layer within: its class and configuration. */
  layer(key: string): { readonly className: string; readonly config: RawConfig } {
    return layerOf(this.get(key), key)
  }
}

export function layerOf(value: unknown, key: string): { readonly className: string; readonly config: RawConfig } {
  if (!isRecord(value)) throw wrong(key, value, 'a layer')
  const own = new LayerConfig(value)
  const [className, config] = [own.get('class_name'), own.get('config') ?? {}]
  if (typeof className !== 'string' || !isRecord(config)) throw wrong(key, value, 'a layer')
  return { className, config }
}

const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST_SIZE

const wrong = (key: string, value: unknown, wanted: string): Refusal => new Refusal(`its ${key} is ${JSON.stringify(value)?.slice(0, 60)}, not ${wanted}`)

const toCamel = (key: string): string => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
const toSnake = (text: string): string => text.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
