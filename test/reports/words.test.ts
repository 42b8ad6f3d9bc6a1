import { expect, it } from 'vitest'
import { decimalsFor, format, formatInterval, formatShown } from '../../reports/numbers.js'
import { guardText, pValueWords, sentence, visible } from '../../reports/words.js'
import type { Decision, Interval } from '../../src/contracts/report.js'

const interval = (low: number, high: number): Interval => ({ low, high, confidence: 0.95, method: 'Wilson' })
const decision: Decision = { direction: 'at most 0.1', p: 0.0011, pAdjusted: 0.0055, familySize: 5, pPass: 0.99, explanation: '', settle: null }

it.each([
  [0.13052, interval(0.0794, 0.1957), 'difference of shares', '0.13'],
  [0.8353, interval(0.7711, 0.8842), 'share', '84\u202f%'],
  [0.98387, interval(0.97391, 0.99008), 'share', '98.4\u202f%'],
  [1.4213, interval(1.21, 1.63), 'log-odds', '1.42'],
  [0.000312, interval(0.000301, 0.000323), 'log-odds', '0.000312'],
  [3.12e-9, interval(3.01e-9, 3.23e-9), 'log-odds', '3.12e−9'],
] as const)('%s is shown as precisely as its interval allows', (value, around, unit, text) => {
  expect(format(value, unit, decimalsFor(value, around, unit))).toBe(text)
})

it('rounding never moves a value or an end of its interval across the limit', () => {
  const around = interval(0.0903, 0.2)
  expect(format(0.1004, 'ratio of shares', decimalsFor(0.1004, around, 'ratio of shares', [0.1]))).toBe('0.1004')
  const near = interval(0.5986, 0.6998)
  expect(formatInterval(near, 'share', decimalsFor(0.65, near, 'share', [0.7]))).toBe('59.86\u202f% to 69.98\u202f%')
})

it('ranges are rounded outwards', () => {
  expect(formatShown({ low: 0, high: 9 / 117 }, 'share', null)).toBe('at most 7.7\u202f%')
  expect(formatShown({ low: 108 / 117, high: 1 }, 'share', null)).toBe('at least 92.3\u202f%')
  expect(formatShown({ low: 0.97912, high: 0.98811 }, 'share', null)).toBe('97.9\u202f% to 98.9\u202f%')
})

it('puts p-values into words, for the side that the status speaks of', () => {
  expect(pValueWords('fail', decision)).toEqual(['If the limit held, a result this far beyond it or farther would come from about 1 in 910 samples (p = 0.0011; p = 0.0055 after correcting for 5 checks).'])
  expect(pValueWords('pass', { ...decision, pPass: 0.0004 })).toEqual(['If the limit did not hold, a result this favorable to it or more would come from fewer than 1 in 1,000 samples (p < 0.001).'])
  expect(pValueWords('insufficient', { ...decision, p: null, pPass: null })).toEqual([])
})

it('withholds figures but keeps those of the config', () => {
  const guard = { showSmall: false, figures: true, known: [0.1] }
  expect(guardText('rate 0.683 against 93 % at ε = 0.1, 3 people of 164', guard)).toBe('rate [withheld] against [withheld] at ε = 0.1, <10 people of 164')
  expect(guardText('rate 0.683', { ...guard, showSmall: true })).toBe('rate 0.683')
})

it('capitalizes words, not names', () => {
  expect(sentence('evidence that it holds')).toBe('Evidence that it holds.')
  expect(sentence('data.intersections does not list it')).toBe('data.intersections does not list it.')
  expect(sentence('engine/deadline: stopped.')).toBe('engine/deadline: stopped.')
})

it('writes out what cannot be seen', () => {
  expect(visible('a\u202eb\u0000c\nd\u200b')).toBe('a\\u202eb\\u0000c\nd\\u200b')
})
