/** @file A value in memory as the text that a file would have for it. */

/**
 * The text of a cell, null where it is missing, undefined where it is no single value.
 *
 * @param float32 whether the number comes from a column of float32: 0.1 is then "0.1", not the double next to it, as DuckDB writes Parquet's floats
 */
export function textOf(value: unknown, float32 = false): string | null | undefined {
  switch (typeof value) {
    case 'string': return value === '' ? null : value
    case 'number': return Number.isNaN(value) ? null : float32 ? float32Text(value) : String(value)
    case 'boolean': case 'bigint': return String(value)
    case 'undefined': return null
    case 'object':
      if (value === null) return null
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
      return undefined
    default: return undefined
  }
}

/** Nine significant digits tell any two float32 apart; most values need fewer. */
function float32Text(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value)
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}
