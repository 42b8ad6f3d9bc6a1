/** @file CSV by structure: cells, quotes, delimiters, line ends and encodings. */
import { gzipSync } from 'node:zlib'
import { BYTES, NAMES, NUMBERS } from '../tokens.mjs'

const DELIMITERS = [',', ';', '\t', '|']
const LINE_ENDS = ['\n', '\r\n', '\r', '\n\n', '\n\r', '']

/** A simple split is enough for seeds: what quotes they have become texts that the writer quotes again. */
export const decode = (text) => text.trimEnd().split(/\r?\n/).map((line) => line.split(','))

export function mutateCsv(seed, { pick, one, chance }, seeds) {
  let rows = seed.map((row) => [...row])
  const style = { delimiter: chance(0.85) ? ',' : one(DELIMITERS), end: chance(0.8) ? '\n' : one(LINE_ENDS), quote: 0.05, mixed: 0, last: chance(0.9) }
  for (let edits = 1 + pick(4); edits > 0; edits--) {
    const row = one(rows)
    const at = pick(row.length)
    const change = pick(17)
    if (change < 3) row[at] = one(chance(0.5) ? NAMES : NUMBERS)
    else if (change === 3) rows[0][pick(rows[0].length)] = one(NAMES)
    else if (change === 4) rows[0][pick(rows[0].length)] = one(rows[0])
    else if (change === 5) row.splice(at, 1)
    else if (change === 6) row.splice(at, 0, one(one(seeds).flat()))
    else if (change === 7) row[at] = one(['"', '""', '"x', 'x"', '"x"y', '"x""', 'x""y', '"\n"', '"\r"', ' "x"', '"x" ', '"a,b"', '\\"', "'a,b'", '\t', 'NaN', 'inf', 'TRUE', 'null', 'NULL', 'NA', '1,5', '1 000', '١٢', '0x1F', '1_000', '2024-01-01'])
    else if (change === 8) style.mixed = 0.3
    else if (change === 9) style.quote = one([0, 0.5, 1])
    else if (change === 10) rows = rows.slice(0, 1 + pick(3))
    else if (change === 11 && chance(0.1)) rows.push(...Array.from({ length: 3000 }, () => [...one(rows)]))
    else if (change === 12) rows.splice(pick(rows.length + 1), 0, one([[''], [], ['', ''], ['#comment'], ['\u001a'], ['sep=,']]))
    else if (change === 13 && chance(0.1)) rows = rows.map((cells) => Array.from({ length: 300 }, (_, i) => `${cells[i % cells.length] ?? ''}${cells === rows[0] ? i : ''}`))
    else if (change === 14) rows = [...rows, ...one(seeds)]
    else if (change === 15) row[at] = one(rows)[0] ?? ''
    else row[at] = row[at]?.repeat(one([2, 10, chance(0.02) ? 100_000 : 50])) ?? ''
    if (rows.length === 0) rows = [['a']]
    if (rows[0].length === 0) rows[0] = ['']
  }
  return encoded(written(rows, style, { one, chance }), { pick, one, chance })
}

function written(rows, style, { one, chance }) {
  const cell = (text) => (chance(style.quote) ? `"${chance(0.9) ? text.replaceAll('"', '""') : text}"` : text)
  const end = () => (chance(style.mixed) ? one(LINE_ENDS) : style.end)
  return rows.map((row, index) => row.map(cell).join(style.delimiter) + (index < rows.length - 1 || style.last ? end() : '')).join('')
}

function encoded(text, { pick, one, chance }) {
  const bytes = Buffer.from(text)
  if (chance(0.9)) return bytes
  const at = pick(bytes.length + 1)
  return one([
    () => Buffer.concat([Buffer.from('\ufeff'), bytes]),
    () => Buffer.from(`\ufeff${text}`, 'utf16le'),
    () => Buffer.from(text, 'utf16le'),
    () => Buffer.from(text, 'latin1'),
    () => gzipSync(bytes),
    () => Buffer.concat([bytes.subarray(0, at), one(BYTES), bytes.subarray(at)]),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.alloc(5000, one(BYTES))]),
  ])()
}
