import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { log, print, printFailure } from '../../src/cli/output.js'
import { printSummary } from '../../src/cli/summary.js'
import { ProbityError } from '../../src/contracts/errors.js'
import { parseReport } from './parse-report.js'

// CI makes picocolors colour even what is piped.
vi.hoisted(() => (process.env.NO_COLOR = '1'))

let stdout = '', stderr = ''
beforeEach(() => {
  stdout = stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true))
})
afterEach(() => void vi.restoreAllMocks())

const HOSTILE = 'a\u001b[8mb\u001b]0;title\u0007c\r\nd\u202ee\u009b2J'
// eslint-disable-next-line no-control-regex -- what must not reach a terminal
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/
const red = (text: string) => `\u001b[31m${text}\u001b[39m`

describe('what reaches the terminal', () => {
  it('has no control characters but those of our colours', () => {
    print(HOSTILE)
    log(HOSTILE)
    expect(stdout).toBe('a [8mb ]0;title c d e 2J\n')
    expect(stderr).toBe(stdout)
  })
  it('has our colours around text that cannot bring its own', () => {
    print('x ', [red, HOSTILE], ' y')
    expect(stdout).toBe('x \u001b[31ma [8mb ]0;title c d e 2J\u001b[39m y\n')
  })
  it('may be an empty line', () => {
    print()
    expect(stdout).toBe('\n')
  })
})

describe('a failure', () => {
  it('is one line on stderr and exit 2', () => {
    expect(printFailure(new ProbityError('data/x', `column ${HOSTILE} is bad. Rename it.`), false)).toBe(2)
    expect(stderr.split('\n')).toHaveLength(2)
    expect(stderr).not.toMatch(CONTROLS)
    expect(stdout).toBe('')
  })
  it('that nobody foresaw says so, and how to see more', () => {
    expect(printFailure(new TypeError('x is\nnull'), false)).toBe(2)
    expect(stderr).toBe('probity: unexpected failure: x is null (run again with --debug for the stack)\n')
  })
  it('has a stack only for those who debug', () => {
    printFailure(new Error('bad'), true)
    expect(stderr).toMatch(/^probity: .*\nError: bad\n\s+at /)
  })
  it('that is an interruption is 130, and can be resumed', () => {
    expect(printFailure(new DOMException('aborted', 'AbortError'), false)).toBe(130)
    expect(stderr).toMatch(/Run the same command again/)
  })
})

describe('the summary', () => {
  const report = parseReport('golden/report.json')
  it('has the verdict first and the files last, without control characters from names', () => {
    printSummary(parseReport('golden/hostile.json'), ['/out/a\u001b[2J.html'])
    expect(stdout).toMatch(/^Verdict {2}/)
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('Report   /out/a [2J.html')
    expect(stdout).not.toMatch(CONTROLS)
    expect(stderr).toBe('')
  })
  it('shows the gravest results first, eight at most, and how many more there are', () => {
    const [first] = report.results
    const result = (key: string, status: (typeof first)['status'], value: number | null) => ({ ...first, key, status, value, interval: null, threshold: null, reason: `reason of ${key}` })
    const results = [...Array.from({ length: 9 }, (_, i) => result(`informative-${i}`, 'informative', 0.123456)), result('beyond', 'fail', 1), result('broken', 'error', null), result('absent', 'not-applicable', null)]
    printSummary({ ...report, results }, [])
    const lines = stdout.split('\n')
    const at = (text: string) => lines.findIndex((line) => line.includes(text))
    expect(at('broken')).toBeLessThan(at('beyond'))
    expect(at('beyond')).toBeLessThan(at('informative-0'))
    expect(lines[at('broken')]).toMatch(/error .*reason of broken/)
    expect(lines[at('informative-0')]).toMatch(/0\.123$/)
    expect(lines.filter((line) => line.includes('informative-'))).toHaveLength(6)
    expect(stdout).toContain('and 4 more results in the report')
    expect(stdout).not.toContain('absent')
  })
})
