/** @file Text files, decoded strictly: anything but UTF-8 is refused in words. */
import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'
import { ProbityError } from '../contracts/errors.js'

/** Longest line of CSV or JSON lines, in bytes. */
export const LONGEST_LINE = 2_000_000

const CHUNK_BYTES = 1 << 16

/** The first bytes of a file. */
export function readStart(path: string, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  const file = openSync(path, 'r')
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, bytes, 0))
  } finally {
    closeSync(file)
  }
}

/** @throws ProbityError for an empty file, UTF-16 and binary files. */
export function refuseForeignText(path: string): void {
  const start = readStart(path, 4096)
  if (start.length === 0) throw new ProbityError('data/empty-file', `${path} is empty. Give a file with a header and rows.`)
  const utf16 = (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff)
  if (utf16) throw new ProbityError('data/encoding', `${path} is UTF-16, not UTF-8. Save it as UTF-8 (in Excel: "CSV UTF-8").`)
  if (start.includes(0)) throw new ProbityError('data/encoding', `${path} holds zero bytes, so it is binary or UTF-16, not UTF-8 text. Save it as UTF-8, or state data.format.`)
}

/**
 * The text of a file in pieces, without a byte order mark.
 *
 * @throws ProbityError where the bytes are not UTF-8, naming the line.
 */
export function* decodeFile(path: string): Generator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (const bytes of chunks(path)) {
    let text: string
    try {
      text = decoder.decode(bytes, { stream: bytes.length > 0 })
    } catch (cause) {
      throw new ProbityError('data/encoding', `${path}, line ${foreignLine(path)}: the bytes are not UTF-8. Save the file as UTF-8.`, { cause })
    }
    if (text !== '') yield text
  }
}

/** Lines with their numbers, counted from 1, without their line ends. */
export function* readLines(path: string): Generator<{ readonly text: string; readonly line: number }> {
  let rest = ''
  let line = 1
  for (const piece of decodeFile(path)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()!
    for (const text of lines) yield { text: text.replace(/\r$/, ''), line: line++ }
    if (rest.length > LONGEST_LINE) throw longLine(path, line)
  }
  if (rest !== '') yield { text: rest, line }
}

export function longLine(path: string, line: number): ProbityError {
  return new ProbityError('data/long-line', `${path}, line ${line} is longer than ${LONGEST_LINE / 1e6} million characters. Look for a quote that is never closed, or remove the huge field.`)
}

/** The bytes of a file in pieces, the last one empty. */
function* chunks(path: string): Generator<Buffer> {
  const buffer = Buffer.alloc(CHUNK_BYTES)
  const file = openSync(path, 'r')
  try {
    for (let size = -1; size !== 0; ) {
      size = readSync(file, buffer)
      yield buffer.subarray(0, size)
    }
  } finally {
    closeSync(file)
  }
}

/** The first line that is not UTF-8. A line feed is never part of a longer sequence, so lines can be looked at one by one. */
function foreignLine(path: string): number {
  let rest = Buffer.alloc(0)
  let line = 1
  for (const bytes of chunks(path)) {
    const data = Buffer.concat([rest, bytes])
    let from = 0
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, from)) {
      if (!isUtf8(data.subarray(from, end))) return line
      line++
      from = end + 1
    }
    rest = data.subarray(from)
  }
  return line
}
