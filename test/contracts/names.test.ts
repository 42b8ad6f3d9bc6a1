import { describe, expect, it } from 'vitest'
import { messageOf, oneLine, ProbityError } from '../../src/contracts/errors.js'
import { indexOfLabel } from '../../src/contracts/labels.js'
import { nearest } from '../../src/contracts/near-names.js'

describe('labels', () => {
  it.each([
    [['0', '1'], '1', 1],
    [['0.0', '1.0'], '1', 1],
    [['0', '1'], '1.0', 1],
    [['1.0', '1'], '1', 1],
    [['no', 'yes'], 'yes', 1],
    [['no', 'yes'], 'Yes', -1],
    [['', '0'], '0', 1],
    [['a', '0'], '', -1],
    [[' '], '0', -1],
    [['true', 'false'], '1', -1],
    [['1e3'], '1000', 0],
    [['NaN'], 'nan', -1],
    [[], '1', -1],
  ] as const)('%j: %j is number %d', (categories, name, index) => {
    expect(indexOfLabel(categories, name)).toBe(index)
  })
})

describe('near names', () => {
  it('suggests one that few letters away, whatever the case', () => {
    expect(nearest('deniedd', ['black', 'denied'])).toBe('Did you mean denied?')
    expect(nearest('BLACK', ['black', 'denied'])).toBe('Did you mean black?')
    expect(nearest('demographic-parity', ['demographic-parity-ratio', 'theil-index'])).toBe('Did you mean demographic-parity-ratio?')
  })
  it('lists what exists where nothing is near, and not hundreds of names', () => {
    expect(nearest('income', ['black', 'denied'])).toBe('Known: black, denied.')
    expect(nearest('income', Array.from({ length: 21 }, (_, i) => `pixel_${i}`))).toBe('')
    expect(nearest('income', [])).toBe('')
  })
  it('suggests nothing that shares no letter', () => {
    expect(nearest('y', ['a', 'b'])).toBe('Known: a, b.')
    expect(nearest('xy', ['ab'])).toBe('Known: ab.')
    expect(nearest('', ['a'])).toBe('Known: a.')
  })
})

describe('errors', () => {
  it('are one line without control characters or marks that turn text round', () => {
    const hostile = 'a\r\nb\u001b[31mc\u202ed\u0000\u009b\u2028e'
    expect(oneLine(hostile)).toBe('a b [31mc d e')
    const error = new ProbityError('data/column', hostile, { cause: new Error('why') })
    expect(error).toMatchObject({ name: 'ProbityError', code: 'data/column', message: 'a b [31mc d e' })
    expect(error.cause).toBeInstanceOf(Error)
  })
  it('say something for whatever was thrown', () => {
    expect([new Error('a\nb'), 'text', undefined, { toString: () => 'x' }].map(messageOf)).toEqual(['a b', 'text', 'undefined', 'x'])
  })
})
