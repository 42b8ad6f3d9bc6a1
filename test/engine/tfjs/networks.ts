import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Objective } from '../../../src/contracts/objective.js'
import type { DType, Feeds, Tensor } from '../../../src/contracts/tensor.js'

export type Values = { dims: number[]; data: number[]; dtype?: DType }
export type NetworkTruth = {
  feeds: Record<string, Values>
  outputs: Record<string, Values>
  cases: { objective: Objective; value: Values; gradients: Record<string, Values> }[]
}

export const folder = new URL('../../fixtures/tfjs/', import.meta.url).pathname
/** By TensorFlow, from make_networks.py. */
export const networks = (JSON.parse(readFileSync(`${folder}networks.json`, 'utf8')) as { networks: Record<string, NetworkTruth> }).networks

export const feedsOf = ({ feeds }: NetworkTruth): Feeds => Object.fromEntries(Object.entries(feeds).map(([name, { data, dims, dtype }]) => [name, { data, dims, ...(dtype === 'bool' && { dtype }) }]))

/** The largest difference, relative to the largest magnitude. */
export function distance(actual: Tensor, { data }: Values): number {
  expect(actual.data.length).toBe(data.length)
  const scale = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3)
  return data.reduce((largest, value, i) => Math.max(largest, Math.abs(Number(actual.data[i]) - value) / scale), 0)
}
