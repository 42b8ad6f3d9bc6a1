import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXAMPLES, probity, temporaryFolder } from './command.js'

const MODEL = join(EXAMPLES, 'mortgage/hmda-mlp.onnx')
const CSV = readFileSync(join(EXAMPLES, 'mortgage/hmda-test.csv'), 'utf8')
const [HEADER, ...ROWS] = CSV.trimEnd().split('\n')
const FEATURES = HEADER.split(',').filter((name) => name !== 'black' && name !== 'denied')

type Case = { name: string; csv?: string; args?: string[]; label?: string; says: RegExp }

const replaceFirst = (column: string, value: string) => {
  const cells = ROWS[2].split(',')
  cells[HEADER.split(',').indexOf(column)] = value
  return [HEADER, ...ROWS.slice(0, 2), cells.join(','), ...ROWS.slice(3)].join('\n')
}
const withoutColumn = (column: string) => {
  const drop = HEADER.split(',').indexOf(column)
  return [HEADER, ...ROWS].map((line) => line.split(',').filter((_, i) => i !== drop).join(',')).join('\n')
}

/** Each: one clear line on stderr, exit 2, no report. */
const CASES: readonly Case[] = [
  { name: 'missing data file', args: ['--data', 'nowhere.csv'], says: /nowhere\.csv/ },
  { name: 'missing model file', args: ['--model', 'nowhere.onnx'], says: /nowhere\.onnx/ },
  { name: 'not a model', args: ['--model', join(EXAMPLES, 'mortgage/README.md')], says: /README\.md.*(not an ONNX|looks like)/i },
  { name: 'a pickle by name', args: ['--model', 'model.pkl'], says: /\.pkl/ },
  { name: 'wrong label column', label: 'deniedd', says: /"deniedd".*Did you mean "denied"\?/ },
  { name: 'wrong sensitive column', args: ['--sensitive', 'blak'], says: /"blak".*Did you mean "black"\?/ },
  { name: 'label with one class', csv: [HEADER, ...ROWS.filter((row) => row.endsWith(',0'))].join('\n'), says: /denied.*one class|only.*class/i },
  { name: 'empty file', csv: '', says: /empty/i },
  { name: 'header only', csv: `${HEADER}\n`, says: /no rows|header/i },
  { name: 'ragged file', csv: [HEADER, ROWS[0], `${ROWS[1]},9`, ...ROWS.slice(2)].join('\n'), says: /line 3/ },
  { name: 'duplicate headers', csv: [HEADER.replace('single', 'denied'), ...ROWS].join('\n'), says: /columns 9 and 13 are both named "denied"/ },
  { name: 'text in a numeric feature', csv: replaceFirst('loan_to_value', 'high'), says: /loan_to_value.*line 4.*high|line 4.*loan_to_value.*high|loan_to_value.*high.*line 4/ },
  { name: 'NaN in a feature', csv: replaceFirst('loan_to_value', 'NaN'), says: /loan_to_value.*NaN|NaN.*loan_to_value/ },
  { name: 'infinity in a feature', csv: replaceFirst('loan_to_value', 'inf'), says: /loan_to_value/ },
  { name: 'shape mismatch between data and model', csv: withoutColumn('condominium'), says: /1?0.*11|11.*10/ },
  { name: 'label among the features', args: ['--features-in-config', 'denied'], says: /denied.*feature/ },
  { name: 'unknown positive', args: ['--positive', '2'], says: /positive.*2.*0.*1|2.*positive/ },
  { name: 'unknown favorable', args: ['--favorable', 'no'], says: /favorable.*no/ },
]

describe('bad input gives one clear line and exit 2', () => {
  it.each(CASES)('$name', ({ csv, args = [], label = 'denied', says }) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'data.csv'), csv ?? CSV)
    const extra = args[0] === '--features-in-config' ? [args[1]] : []
    const config = {
      model: { path: MODEL },
      data: { path: 'data.csv', label, positive: 1, favorable: 0, sensitive: ['black'], features: [...FEATURES.filter((name) => HEADER.includes(name) && (csv === undefined || csv === '' || csv.split('\n')[0].split(',').includes(name))), ...extra] },
    }
    writeFileSync(join(folder, 'probity.config.json'), JSON.stringify(config))
    const { code, stdout, stderr } = probity(['audit', 'probity.config.json', '--out', 'out', '--no-cache', ...(extra.length ? [] : args)], { cwd: folder })
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stdout).toBe('')
    expect(code).toBe(2)
    expect(existsSync(join(folder, 'out/report.json'))).toBe(false)
  })

  it.each([
    ['an unknown command', ['adit'], /adit/],
    ['an unknown option', ['audit', '--lable', 'y'], /--lable.*Did you mean --label/s],
    ['nothing to audit', ['audit'], /--data/],
    ['an unknown format', ['audit', '--data', 'x.csv', '--format', 'htm'], /htm.*html/],
    ['neither model nor predictions', ['audit', '--data', 'data.csv'], /--model.*--prediction/],
    ['an unwritable folder', ['audit', '--data', 'data.csv', '--out', 'data.csv'], /data\.csv cannot be written.*--out/],
    ['a report that is none', ['report', 'data.csv'], /data\.csv is not JSON/],
  ])('%s', (_, args, says) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'data.csv'), CSV)
    const { code, stderr } = probity(args, { cwd: folder })
    expect(stderr).toMatch(says)
    expect(code).toBe(2)
  })

  it('keeps a report that was there when the next audit fails', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'out'))
    writeFileSync(join(folder, 'out/report.json'), 'earlier')
    expect(probity(['audit', '--data', 'nowhere.csv', '--prediction', 'p', '--out', 'out'], { cwd: folder }).code).toBe(2)
    expect(readFileSync(join(folder, 'out/report.json'), 'utf8')).toBe('earlier')
  })
})
