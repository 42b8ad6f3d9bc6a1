import { describe, expect, it } from 'vitest'
import { excessOf } from '../../src/config/refuse-excess.js'

const wide = (line: (i: number) => string, n: number) => Array.from({ length: n }, (_, i) => line(i)).join('\n')

describe('excessOf', () => {
  it.each([
    ['flow lists', `a: 1\nb: ${'['.repeat(40)}`, 'line 2: the configuration nests too deep'],
    ['flow maps', `a: ${'{"a":'.repeat(40)}`, 'line 1: the configuration nests too deep'],
    ['brackets that a comment seems to close', wide(() => '[ # ]', 40), 'line 33: the configuration nests too deep'],
    ['brackets that a text seems to close', wide(() => '[ "]",', 40), 'line 33: the configuration nests too deep'],
    ['compact lists', '- '.repeat(40), 'line 1: the configuration nests too deep'],
    ['keys of keys in brackets', `{ a: 1,\n${'"a":\n'.repeat(40)}`, 'line 34: the configuration nests too deep'],
    ['keys of keys behind a bracket too many', `a: 1\n}\n${'- '.repeat(40)}`, 'line 3: the configuration nests too deep'],
    ['compact maps', '? '.repeat(40), 'line 1: the configuration nests too deep'],
    ['indentation', wide((i) => `${' '.repeat(i)}a:`, 200), 'line 130: the configuration nests too deep'],
    ['keys', wide((i) => `k${i}: 1`, 10_001), 'line 10001: the configuration has more than 10000 keys'],
    ['aliases', `x: &x 1\n${wide(() => '- *x', 1000)}`, 'line 1001: the configuration has more than 1000 anchors and aliases'],
  ])('counts %s', (_, text, expected) => {
    expect(excessOf(text)).toBe(expected)
  })

  it.each([
    ['a long list of columns', `data:\n  features: [${wide((i) => `column_${i},`, 9000)}]`],
    ['brackets in texts', `reason: "${'['.repeat(500)}"\non: '${'{'.repeat(500)}'\nnote: |\n  ${'['.repeat(500)}`],
    ['dates and times with dashes and colons', wide((i) => `k${i}: 2024-01-01 10:00:${i}`, 100)],
    ['a list of many items', wide(() => '- x', 5000)],
  ])('lets %s pass', (_, text) => {
    expect(excessOf(text)).toBeNull()
  })
})
