/** @file What a scan over a model on the wire has counted so far. */
import { ProbityError } from '../../contracts/errors.js'
import { overLimit, type PreflightLimits } from './limits.js'
import type { WireReader } from './wire-reader.js'

/** How often an operator occurs in a body, and how deep the deepest occurrence lies: in subgraphs, and of those in loops. */
export type Uses = { count: number; depth: number; loops: number }
/** Nodes of a graph or function body with all its subgraphs. */
export type Body = { nodes: number; depth: number; loops: number; readonly operators: Map<string, Uses> }

export type Scan = {
  readonly limits: PreflightLimits
  nodes: number
  initializers: number
  listed: number
  initializerBytes: number
  largestValueBytes: number
  /** Null until the model's graph is met. */
  main: Body | null
  /** By operator key. */
  readonly functions: Map<string, Body>
  readonly opsets: { domain: string; version: number }[]
  readonly externalLocations: Set<string>
}

export const newScan = (limits: PreflightLimits): Scan => ({
  limits, nodes: 0, initializers: 0, listed: 0, initializerBytes: 0, largestValueBytes: 0, main: null, functions: new Map(), opsets: [], externalLocations: new Set(),
})
export const newBody = (): Body => ({ nodes: 0, depth: 0, loops: 0, operators: new Map() })

/** Counts what decoding turns into an object each, however few bytes it takes in the file. */
export function list(scan: Scan, count: number): void {
  scan.listed += count
  if (scan.listed > scan.limits.maxListed) overLimit('maxListed', `The model lists ${scan.listed} numbers and texts or more`, scan.limits)
}

/** The current field as a name. */
export function nameIn(scan: Scan, reader: WireReader): string {
  const length = reader.end - reader.start
  if (length > scan.limits.maxNameBytes) overLimit('maxNameBytes', `The model holds a name of ${length} bytes`, scan.limits)
  const name = reader.text()
  // Half of all readers take it for the end of the name, so two of them would mean different values.
  if (name.includes('\0')) throw new ProbityError('graph/malformed', `The model holds the name "${name}", which has a NUL in it. Export the model again.`)
  return name
}
