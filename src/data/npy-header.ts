/**
 * @file The header of a NumPy file: a Python dictionary such as {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }. Only what NumPy itself
 * writes there is understood; nothing is evaluated.
 */
import { ProbityError } from '../contracts/errors.js'
import { quote } from './wording.js'

export type NpyHeader = {
  /** NumPy's word for the element type, such as '<f8'. */
  readonly descr: string
  readonly fortranOrder: boolean
  readonly shape: readonly number[]
  /** Where the values begin. */
  readonly offset: number
}

/** A plain header has about 120 bytes; NumPy itself refuses more than 10,000 characters. */
const MOST_BYTES = 10_000
/** As NumPy. */
const MOST_AXES = 64
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/** @throws ProbityError for anything but a complete header of format 1.0, 2.0 or 3.0; `name` begins the message */
export function readNpyHeader(bytes: Uint8Array, name: string): NpyHeader {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw malformed(name, 'it does not begin as a NumPy file. Write it with numpy.save or numpy.savez')
  const [major, minor] = [bytes[6], bytes[7]]
  if (major < 1 || major > 3 || minor !== 0) throw malformed(name, `its format version is ${major}.${minor}, and 1.0, 2.0 and 3.0 are known. Write it with numpy.save`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = major === 1 ? 10 : 12
  if (bytes.length < start) throw malformed(name, 'its header is cut off')
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MOST_BYTES) throw malformed(name, `its header has ${length} bytes, more than ${MOST_BYTES}: records of many fields are not read. Save each field as an array of its own`)
  if (start + length > bytes.length) throw malformed(name, 'its header is cut off')
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString(major === 3 ? 'utf8' : 'latin1')
  return { ...parseDictionary(text, name), offset: start + length }
}

/** What may stand between braces, in any order and each once. */
const ENTRY = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^'\\]*)'|(True|False)|\(([\dL,\s]*)\)|(\[))\s*(,|(?=\}))/y

function parseDictionary(text: string, name: string): Omit<NpyHeader, 'offset'> {
  const open = /^\s*\{/.exec(text)
  if (!open) throw malformed(name, 'its header is no dictionary')
  let at = open[0].length
  let descr: string | null = null, fortranOrder: boolean | null = null, shape: number[] | null = null
  while (!/^\s*\}\s*$/.test(text.slice(at))) {
    ENTRY.lastIndex = at
    const match = ENTRY.exec(text)
    // A list of fields ends the reading: nothing after it matters.
    if (/^\s*'descr'\s*:\s*\[/.test(text.slice(at))) throw unsupported(name, 'holds records with named fields (a structured dtype)', 'Save each field as an array of its own: numpy.savez(path, age=records["age"], …)')
    if (!match) throw malformed(name, 'its header is not what NumPy writes')
    const [whole, key, quoted, flag, tuple] = match
    at += whole.length
    if (key === 'descr' && quoted !== undefined && descr === null) descr = quoted
    else if (key === 'fortran_order' && flag !== undefined && fortranOrder === null) fortranOrder = flag === 'True'
    else if (key === 'shape' && tuple !== undefined && shape === null) shape = parseShape(tuple, name)
    else throw malformed(name, `its header gives ${key} in a way that NumPy does not`)
  }
  if (descr === null || fortranOrder === null || shape === null) throw malformed(name, 'its header lacks descr, fortran_order or shape')
  return { descr, fortranOrder, shape }
}

function parseShape(tuple: string, name: string): number[] {
  const sizes = tuple.split(',').map((size) => size.trim())
  if (sizes.at(-1) === '') sizes.pop()
  if (sizes.length > MOST_AXES) throw malformed(name, `its header names ${sizes.length} axes`)
  return sizes.map((size) => {
    const value = /^\d{1,16}L?$/.test(size) ? Number.parseInt(size, 10) : NaN
    if (!Number.isSafeInteger(value)) throw malformed(name, `its header gives the size ${quote(size)}`)
    return value
  })
}

export const malformed = (name: string, why: string): ProbityError => new ProbityError('data/npy', `${name}: ${why}.`)
export const unsupported = (name: string, what: string, fix: string): ProbityError => new ProbityError('data/npy-type', `${name} ${what}, which cannot be read. ${fix}.`)
