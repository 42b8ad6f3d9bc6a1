import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Part } from '../../src/artifacts/kind.js'
import { decodePart, encodePart } from '../../src/artifacts/part-codec.js'

const part: Part = {
  json: { a: [1, null, 'é'], b: true },
  tensors: {
    values: { data: Float64Array.of(1, NaN, -0, Infinity, 5e-324, 6), dims: [2, 3], dtype: 'float64' },
    codes: { data: Int32Array.of(-1, 2, 3), dims: [3], dtype: 'int32' },
    texts: { data: ['', 'ä\n', '😀', 'x'], dims: [4], dtype: 'string' },
    big: { data: BigInt64Array.of(-(2n ** 63n), 1n), dims: [2], dtype: 'int64' },
    packed: { data: Uint8Array.of(0x21, 0x03), dims: [3], dtype: 'int4' },
    empty: { data: new Float32Array(0), dims: [0, 4], dtype: 'float32' },
  },
}

describe('a part as bytes', () => {
  it('comes back bit for bit, from memory at any offset', () => {
    const bytes = encodePart(part)
    for (const offset of [0, 1, 5]) {
      const shifted = new Uint8Array(bytes.length + offset)
      shifted.set(bytes, offset)
      const { json, tensors } = decodePart(shifted.subarray(offset))
      expect(json).toEqual(part.json)
      expect({ ...tensors }).toEqual(part.tensors)
    }
    expect(Object.is((decodePart(bytes).tensors.values.data as Float64Array)[2], -0)).toBe(true)
  })

  it('is the same for the same content', () => {
    expect(encodePart(decodePart(encodePart(part)))).toEqual(encodePart(part))
  })

  it('does not share memory with the bytes it came from', () => {
    const bytes = Buffer.from(encodePart(part))
    const { tensors } = decodePart(bytes)
    bytes.fill(0)
    expect((tensors.values.data as Float64Array)[0]).toBe(1)
  })

  it('refuses every cut', () => {
    const bytes = encodePart(part)
    for (let length = 0; length < bytes.length; length++) expect(() => decodePart(bytes.subarray(0, length))).toThrow(/damaged/)
    expect(() => decodePart(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(/bytes follow its end/)
  })

  it('refuses headers that lie about sizes', () => {
    const lie = (tensors: unknown) => {
      const header = Buffer.from(JSON.stringify({ json: null, tensors }))
      const bytes = Buffer.alloc(Math.ceil((12 + header.length) / 8) * 8)
      bytes.write('PROBITY1')
      bytes.writeUInt32LE(header.length, 8)
      header.copy(bytes, 12)
      return bytes
    }
    expect(() => decodePart(lie([{ name: 'a', dtype: 'float64', dims: [1e9], bytes: 8e9 }]))).toThrow(/damaged/)
    expect(() => decodePart(lie([{ name: 'a', dtype: 'float64', dims: [2], bytes: 0 }]))).toThrow(/damaged/)
    expect(() => decodePart(lie([{ name: 'a', dtype: 'string', dims: [4e9], bytes: 0 }]))).toThrow(/damaged/)
    expect(() => decodePart(lie([{ name: 'a', dtype: 'float64', dims: [-1], bytes: 0 }]))).toThrow(/damaged/)
    expect(() => decodePart(lie([{ name: 'a', dtype: 'object', dims: [0], bytes: 0 }]))).toThrow(/damaged/)
    expect(() => decodePart(lie([{ name: 'a', dtype: 'int8', dims: [0], bytes: 0 }, { name: 'a', dtype: 'int8', dims: [0], bytes: 0 }]))).toThrow(/twice/)
    expect(decodePart(lie([{ name: '__proto__', dtype: 'int8', dims: [0], bytes: 0 }])).tensors['__proto__'].dtype).toBe('int8')
  })

  it('never fails with anything but one clear line', () => {
    const bytes = encodePart(part)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = Uint8Array.from(bytes)
        for (const [at, value] of changes) changed[at] = value
        try {
          decodePart(changed)
        } catch (error) {
          expect((error as { code?: string }).code).toBe('artifacts/part')
        }
      }),
      { numRuns: 2000 },
    )
  })
})
