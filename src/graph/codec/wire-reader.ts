/** @file Walks protobuf's wire format in place: no message is built, no byte is copied. https://protobuf.dev/programming-guides/encoding/ */
import { ProbityError } from '../../contracts/errors.js'

/**
 * One message's fields, in order. After `next()` gave true, `field` and `wire` describe the field, `value` holds a varint, and `start`
 * and `end` bound its bytes otherwise.
 */
export class WireReader {
  field = 0
  wire = 0
  /** Exact up to 2^53; above that only its size matters, and `int64` is exact. */
  value = 0
  start = 0
  end = 0
  #position: number
  readonly #limit: number

  constructor(readonly bytes: Uint8Array, from = 0, to = bytes.length, readonly view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) {
    this.#position = from
    this.#limit = to
  }

  /** @throws ProbityError `graph/malformed` */
  next(): boolean {
    if (this.#position >= this.#limit) return false
    const tag = this.#varint()
    this.field = tag >>> 3
    this.wire = tag & 7
    if (this.field === 0 || tag >= 2 ** 32) this.refuse('a field without a number')
    if (this.wire === 0) this.#element()
    else this.#take(this.#lengthOf())
    return true
  }

  /** Moves to the next varint of a packed field, whose reader this is. */
  nextPacked(): boolean {
    if (this.#position >= this.#limit) return false
    this.#element()
    return true
  }

  /** A reader of the current field's bytes. */
  inside(): WireReader {
    return new WireReader(this.bytes, this.start, this.end, this.view)
  }

  /** The varints of the current field, packed or not. */
  varints(): number[] {
    if (this.wire === 0) return [this.value]
    const values: number[] = []
    for (const packed = this.inside(); packed.nextPacked();) values.push(packed.value)
    return values
  }

  /** The current varint as 64 bits without sign. */
  uint64(): bigint {
    if (this.value <= Number.MAX_SAFE_INTEGER) return BigInt(this.value)
    let bits = 0n
    for (let at = this.end - 1; at >= this.start; at--) bits = (bits << 7n) | BigInt(this.bytes[at] & 127)
    return BigInt.asUintN(64, bits)
  }

  /** The current field as text, for comparing and for messages. */
  text(): string {
    return decoder.decode(this.bytes.subarray(this.start, Math.min(this.end, this.start + MAX_TEXT)))
  }

  #element(): void {
    this.start = this.#position
    this.value = this.#varint()
    this.end = this.#position
  }

  #lengthOf(): number {
    if (this.wire === 1) return 8
    if (this.wire === 5) return 4
    if (this.wire === 2) return this.#varint()
    return this.refuse('a group, which ONNX does not have')
  }

  #take(length: number): void {
    this.start = this.#position
    this.end = this.#position + length
    if (this.end > this.#limit) this.refuse('a field that is longer than what is left')
    this.#position = this.end
  }

  #varint(): number {
    // Most numbers in a model are tags and small lengths.
    if (this.#position < this.#limit && this.bytes[this.#position] < 128) return this.bytes[this.#position++]
    let value = 0
    for (let scale = 1, count = 0; count < 10; count++, scale *= 128) {
      if (this.#position >= this.#limit) break
      const byte = this.bytes[this.#position++]
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return this.refuse('a number that does not end')
  }

  /** @throws ProbityError `graph/malformed` naming where the bytes stop making sense */
  refuse(what: string): never {
    throw new ProbityError('graph/malformed', `The file is not a readable ONNX model: byte ${this.#position} belongs to ${what}. It is damaged, cut, or of another format: export or download it again.`)
  }
}

/** int64 in a varint: what lies above 2^63 is negative. */
export const isNegative = (varint: number): boolean => varint >= 2 ** 63

const decoder = new TextDecoder()
const MAX_TEXT = 256
