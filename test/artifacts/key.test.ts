import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { artifactKey } from '../../src/artifacts/key.js'
import type { Json } from '../../src/artifacts/kind.js'

const json = fc.jsonValue() as fc.Arbitrary<Json>

describe('artifactKey', () => {
  it('is sha256 over the encoding that its comment describes', () => {
    const encoded = 'r2:k3:"a"l2:n3:"1"s3:"b"k4:"é"z0:'
    expect(artifactKey({ é: null, a: [1, 'b'] })).toBe(createHash('sha256').update(encoded).digest('hex'))
  })

  it('does not depend on the order of keys, and leaves undefined out', () => {
    expect(artifactKey({ a: 1, b: 2 })).toBe(artifactKey({ b: 2, a: 1, c: undefined } as unknown as Json))
  })

  it.each([
    [['ab', 'c'], ['a', 'bc']],
    [['a'], 'a'],
    [{ a: 1 }, ['a', 1]],
    [1, '1'],
    [0, -0],
    [null, 'null'],
    [true, 1],
    [[], {}],
    [['\ud800'], ['\ufffd']],
    [[[], []], [[[]]]],
  ] as [Json, Json][])('tells %j from %j', (a, b) => {
    expect(artifactKey(a)).not.toBe(artifactKey(b))
  })

  it('is equal exactly for equal values', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        // JSON has one zero; the key has two.
        fc.pre(!/-0/.test(fc.stringify([a, b])))
        const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.map(sorted) : typeof value === 'object' && value !== null ? Object.keys(value).sort().map((key) => [key, sorted((value as Record<string, unknown>)[key])]).concat([['{}', typeof value]]) : value)
        expect(artifactKey(a) === artifactKey(b)).toBe(JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)))
      }),
    )
  })
})
