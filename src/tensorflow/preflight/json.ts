/** @file A model.json before it is parsed, and the keys of what came out. */
import { ProbityError } from '../../contracts/errors.js'
import { overLimit, type PreflightLimits } from '../../graph/index.js'

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const OPENING = new Set([0x7b, 0x5b])
const CLOSING = new Set([0x7d, 0x5d])

/** Refuses what is too large or too deep for everything that walks it later; in UTF-8 no other character holds these bytes. */
export function checkJsonBytes(bytes: Uint8Array, limits: PreflightLimits): void {
  if (bytes.length > limits.maxJsonBytes) overLimit('maxJsonBytes', `The file has ${bytes.length} bytes`, limits)
  let depth = 0
  let inText = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inText) {
      if (byte === BACKSLASH) i++
      else if (byte === QUOTE) inText = false
    } else if (byte === QUOTE) inText = true
    else if (OPENING.has(byte)) {
      if (++depth > limits.maxJsonDepth) overLimit('maxJsonDepth', `The file nests lists and objects ${depth} deep or more`, limits)
    } else if (CLOSING.has(byte)) depth--
  }
}

/** Readers that copy keys one by one would give an object another prototype. */
export function refusePrototypes(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (Object.hasOwn(value, '__proto__')) throw new ProbityError('tensorflow/malformed', 'The file has a key "__proto__", which no model needs. Save the model again.')
  for (const inner of Object.values(value)) refusePrototypes(inner)
}
