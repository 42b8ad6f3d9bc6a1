/**
 * @file A look at a Parquet file's footer before DuckDB reads it: its Thrift reader makes room for as many elements as a list claims to have, outside
 * of its own memory limit, so that a file of a kilobyte takes all the memory there is.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { ProbityError } from '../contracts/errors.js'

const MAX_FOOTER_BYTES = 2 ** 26
/** Columns × row groups, and what describes them: each takes DuckDB about a kilobyte. */
const MAX_ELEMENTS = 1_000_000
const MAX_DEPTH = 16
/** Rows × columns that an audit could hold in memory. */
const MAX_CELLS = 2 ** 29

/** Types of the compact protocol. */
const TRUE = 1, FALSE = 2, BYTE = 3, DOUBLE = 7, BINARY = 8, LIST = 9, SET = 10, STRUCT = 12
/** Fields of FileMetaData and of RowGroup in parquet.thrift. */
const FILE_SCHEMA = 2, FILE_ROWS = 3, FILE_ROW_GROUPS = 4, FILE_ENCRYPTION = 8, GROUP_ROWS = 3

/** @throws ProbityError `data/not-parquet`, `data/encrypted`, `data/unreadable` or `data/memory` */
export function checkFooter(path: string): void {
  const footer = new FooterReader(readFooter(path), path)
  const { rows, columns, encrypted } = footer.file()
  if (encrypted) throw encryptedFile(path)
  if (rows * columns > MAX_CELLS) throw new ProbityError('data/memory', `${path} says that it holds ${rows} rows in ${columns} columns, and ${MAX_CELLS} values can be audited at a time. Audit fewer rows or columns.`)
}

function readFooter(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const tail = Buffer.alloc(8)
    readSync(file, tail, 0, 8, Math.max(0, size - 8))
    const magic = tail.toString('latin1', 4)
    const length = tail.readUInt32LE()
    if (magic === 'PARE') throw encryptedFile(path)
    if (magic !== 'PAR1' || size < 12 || length > size - 12) throw new ProbityError('data/not-parquet', `${path} does not end like a Parquet file: it is cut short, or damaged. Write or download it again.`)
    if (length > MAX_FOOTER_BYTES) throw new ProbityError('data/memory', `${path}: its footer has ${length} bytes, and ${MAX_FOOTER_BYTES} can be read. Write the file with fewer columns or larger row groups.`)
    const footer = Buffer.alloc(length)
    readSync(file, footer, 0, length, size - 8 - length)
    return footer
  } finally {
    closeSync(file)
  }
}

const encryptedFile = (path: string): ProbityError => new ProbityError('data/encrypted', `${path} is encrypted. Write it again without encryption.`)

class FooterReader {
  #at = 0
  #elements = 0

  constructor(private readonly bytes: Buffer, private readonly path: string) {}

  file(): { rows: number; columns: number; encrypted: boolean } {
    const found = { rows: 0, columns: 0, encrypted: false }
    let rowsOfGroups = 0
    this.#struct(0, (field, type) => {
      if (field === FILE_ROWS && isInteger(type)) found.rows = this.#rows()
      else if (field === FILE_ENCRYPTION) {
        found.encrypted = true
        this.#skip(type, 0)
      } else if (field === FILE_SCHEMA && type === LIST) found.columns = this.#list(0, (of) => this.#skip(of, 1)) - 1
      else if (field === FILE_ROW_GROUPS && type === LIST) {
        this.#list(0, (of) => {
          if (of !== STRUCT) this.#damaged()
          this.#struct(1, (inner, innerType) => {
            if (inner === GROUP_ROWS && isInteger(innerType)) rowsOfGroups += this.#rows()
            else this.#skip(innerType, 2)
          })
        })
      } else this.#skip(type, 0)
    })
    return { ...found, rows: Math.max(found.rows, rowsOfGroups) }
  }

  #struct(depth: number, take: (field: number, type: number) => void): void {
    if (depth > MAX_DEPTH) this.#damaged()
    for (let field = 0; ; ) {
      const head = this.#byte()
      if (head === 0) return
      field = head >> 4 === 0 ? this.#integer() : field + (head >> 4)
      take(field, head & 15)
    }
  }

  /** @returns how many elements it has */
  #list(depth: number, take: (type: number) => void): number {
    const head = this.#byte()
    const size = head >> 4 === 15 ? this.#varint() : head >> 4
    // An element takes a byte at least.
    if (size > this.bytes.length - this.#at || depth > MAX_DEPTH) this.#damaged()
    this.#elements += size
    if (this.#elements > MAX_ELEMENTS) throw new ProbityError('data/memory', `${this.path}: its footer describes more than ${MAX_ELEMENTS} pieces. Write the file with fewer columns or larger row groups.`)
    for (let index = 0; index < size; index++) take(head & 15)
    return size
  }

  #skip(type: number, depth: number): void {
    if (type === TRUE || type === FALSE) return
    if (type === BYTE) this.#take(1)
    else if (isInteger(type)) this.#varint()
    else if (type === DOUBLE) this.#take(8)
    else if (type === BINARY) this.#take(this.#varint())
    else if (type === LIST || type === SET) this.#list(depth, (of) => (of === TRUE || of === FALSE ? this.#take(1) : this.#skip(of, depth + 1)))
    else if (type === STRUCT) this.#struct(depth, (_, inner) => this.#skip(inner, depth + 1))
    else this.#damaged()
  }

  #rows(): number {
    const rows = this.#integer()
    return rows >= 0 ? rows : this.#damaged()
  }

  /** Zigzag; exact up to 2^53, above which only its size matters. */
  #integer(): number {
    const coded = this.#varint()
    return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2
  }

  #varint(): number {
    let value = 0
    for (let scale = 1, count = 0; count < 10; count++, scale *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return this.#damaged()
  }

  #byte(): number {
    return this.bytes[this.#at++] ?? this.#damaged()
  }

  #take(length: number): void {
    this.#at += length
    if (this.#at > this.bytes.length) this.#damaged()
  }

  #damaged(): never {
    throw new ProbityError('data/unreadable', `${this.path} cannot be read as Parquet: its footer is damaged. Write or download the file again.`)
  }
}

/** int16, int32, int64 */
const isInteger = (type: number): boolean => type >= 4 && type <= 6
