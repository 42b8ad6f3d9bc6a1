/** @file Names of artifacts: sha256 over an encoding in which no two different values look alike. */
import { createHash } from 'node:crypto'
import type { Json } from './kind.js'

/** Everything an artifact depends on. Two artifacts share a name only when all of it is equal. */
export type KeyParts = {
  /** sha256 of the model file and of each external file by its location; null without a model. */
  readonly model: { readonly sha256: string; readonly externalFiles: readonly { readonly location: string; readonly sha256: string }[]; readonly output: Json } | null
  readonly data: { readonly sha256: string }
  /** sha256 of the encoded view and of how it fills the model's inputs: features, encodings, positive, selected rows. */
  readonly view: { readonly sha256: string }
  readonly engine: { readonly name: string; readonly version: string; readonly provider: string; readonly options: Json }
  readonly host: { readonly os: string; readonly arch: string; readonly cpu: string; readonly node: string }
  readonly probity: string
  /** sha256 of each plugin's content. */
  readonly plugins: readonly string[]
}

/** One block of one request. */
export type BlockKey = KeyParts & {
  readonly request: { readonly kind: string; readonly concrete: Json }
  readonly seed: number
  readonly blockRows: number
  readonly rows: readonly number[]
}

/** sha256, in hex, over the canonical encoding of any JSON value. */
export function artifactKey(parts: Json): string {
  const hash = createHash('sha256')
  for (const piece of encode(parts)) hash.update(piece)
  return hash.digest('hex')
}

/**
 * Each value is a type letter, the length of what follows in bytes (or the number of entries), a colon, then the content; records are sorted by key
 * and leave out `undefined`. Lengths come first, so no choice of strings can imitate another structure.
 */
function* encode(value: Json | undefined): Generator<string> {
  if (value === null || value === undefined) yield 'z0:'
  else if (typeof value === 'string') yield scalar('s', value)
  else if (typeof value === 'number') yield scalar('n', Object.is(value, -0) ? '-0' : String(value))
  else if (typeof value === 'boolean') yield value ? 'b1:' : 'b0:'
  else if (isList(value)) {
    yield `l${value.length}:`
    for (const entry of value) yield* encode(entry)
  } else {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined).sort()
    yield `r${keys.length}:`
    for (const key of keys) {
      yield scalar('k', key)
      yield* encode(value[key])
    }
  }
}

// A lone surrogate has no UTF-8 of its own; JSON escapes it, so that it cannot be taken for U+FFFD.
const scalar = (type: string, text: string): string => {
  const wellFormed = JSON.stringify(text)
  return `${type}${Buffer.byteLength(wellFormed)}:${wellFormed}`
}
const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
