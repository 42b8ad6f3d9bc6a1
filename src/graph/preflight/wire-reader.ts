/** @file Walks protobuf's wire format in place: no message is built, no byte is copied. https://protobuf.dev/programming-guides/encoding/ */
import { ProbityError } from '../../contracts/errors.js'

/**
 * One message's fields, in order. After `next()` gave true, `field` and `wire` describe the field, `value` holds a varint, and `start`
 * and `end` bound its bytes otherwise.
 */
export class WireReader {
  field = 0
  wire = 0
  /** Exact up to 2^53; above that only its size matters. */
  value = 0
  start = 0
  end = 0
  #position: number
  readonly #limit: number

  constructor(readonly bytes: Uint8Array, from = 0, to = bytes.length) {
    this.#position = from
    this.#limit = to
  }

  /** @throws ProbityError `graph/malformed` */
  next(): boolean {
    if (this.#position >= this.#limit) return false
    const tag = this.#varint()
    this.field = Math.floor(tag / 8)
    this.wire = tag % 8
    if (this.field === 0 || this.field >= 2 ** 29) this.#refuse('a field without a number')
    if (this.wire === 0) this.value = this.#varint()
    else this.#take(this.#lengthOf())
    return true
  }

  /** A reader of the current field's bytes. */
  inside(): WireReader {
    return new WireReader(this.bytes, this.start, this.end)
  }

  /** The varints of the current field, packed or not. */
  varints(): number[] {
    if (this.wire === 0) return [this.value]
    const packed = this.inside()
    const values: number[] = []
    while (packed.#position < packed.#limit) values.push(packed.#varint())
    return values
  }

  /** A second reader of the same message. */
  again(): WireReader {
    return new WireReader(this.bytes, this.#position, this.#limit)
  }

  /** How many elements the current field of a list holds, packed or not; `element` is what one takes. */
  count(element: number | 'varint' | 'message'): number {
    if (this.wire !== 2 || element === 'message') return 1
    if (element !== 'varint') return Math.ceil((this.end - this.start) / element)
    let last = 0
    for (let i = this.start; i < this.end; i++) if (this.bytes[i] < 128) last++
    return last
  }

  /** The current field as text. */
  text(): string {
    return decoder.decode(this.bytes.subarray(this.start, this.end))
  }

  #lengthOf(): number {
    if (this.wire === 1) return 8
    if (this.wire === 5) return 4
    if (this.wire === 2) return this.#varint()
    return this.#refuse('a group, which ONNX does not have')
  }

  #take(length: number): void {
    this.start = this.#position
    this.end = this.#position + length
    if (this.end > this.#limit) this.#refuse('a field that is longer than what is left')
    this.#position = this.end
  }

  #varint(): number {
    let value = 0
    for (let scale = 1, count = 0; count < 10; count++, scale *= 128) {
      if (this.#position >= this.#limit) break
      const byte = this.bytes[this.#position++]
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return this.#refuse('a number that does not end')
  }

  #refuse(what: string): never {
    throw new ProbityError('graph/malformed', `The file is not an intact ONNX model: byte ${this.#position} belongs to ${what}. Export or download the model again.`)
  }
}

/** int64 in a varint: what lies above 2^63 is negative. */
export const isNegative = (varint: number): boolean => varint >= 2 ** 63

const decoder = new TextDecoder()
