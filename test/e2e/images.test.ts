/** @file The images example through the command line: arrays, a folder of folders, and a table that names files. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/contracts/report.js'
import { validateReport } from '../../src/contracts/validate-report.js'
import { EXAMPLES, probity, readReport, temporaryFolder, type Run } from './command.js'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'probity-images-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let audits = 0
function auditExample(config: string, ...args: readonly string[]): { readonly run: Run; readonly report: Report } {
  const out = join(folder, `report-${++audits}`)
  const run = probity(['audit', join(EXAMPLES, 'images', config), '--out', out, ...args])
  return { run, report: readReport(out) }
}
const valueOf = ({ results }: Report, id: string) => results.find((result) => result.id === id)?.value

describe('the same digits in three forms', { timeout: 180_000 }, () => {
  let arrays: ReturnType<typeof auditExample>, classes: ReturnType<typeof auditExample>, table: ReturnType<typeof auditExample>
  beforeAll(() => {
    arrays = auditExample('arrays.config.yaml', '--cache', join(folder, 'cache'))
    classes = auditExample('folder.config.yaml', '--no-cache')
    table = auditExample('table.config.yaml', '--no-cache')
  }, 180_000)

  it('are audited', () => {
    for (const { run, report } of [arrays, classes, table]) {
      expect([run.code, run.stderr]).toEqual([0, ''])
      validateReport(report)
      expect(report.data.rows).toBe(200)
    }
    expect([arrays, classes, table].map(({ report }) => report.data.features)).toEqual([['x'], ['image'], ['image']])
  })
  it('give the same figures, row by row where the rows come in the same order', () => {
    const figures = ({ results }: Report) => results.map(({ id, value, interval, n, details }) => ({ id, value, interval, n, details: id.startsWith('robustness/') ? details : [] }))
    expect(figures(arrays.report)).toHaveLength(4)
    expect(figures(table.report)).toEqual(figures(arrays.report))
    for (const id of ['robustness/fgsm', 'transparency/completeness']) expect(valueOf(classes.report, id)).toBe(valueOf(arrays.report, id))
  })
  it('are the same audit whatever the workers, and are found again in the store', () => {
    const { run: fresh, ...first } = arrays.report
    const { run: again, ...second } = auditExample('arrays.config.yaml', '--cache', join(folder, 'cache')).report
    const { run: apart, ...third } = auditExample('arrays.config.yaml', '--no-cache', '--workers', '2').report
    expect([again.artifacts, apart.artifacts]).toEqual([{ computed: 0, reused: fresh.artifacts.computed }, { ...fresh.artifacts, reused: 0 }])
    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    expect(JSON.stringify(third)).toBe(JSON.stringify(first))
  })
})

describe('refused in one line', { timeout: 120_000 }, () => {
  /** The table's configuration on a copy that can be spoiled. */
  function spoiled(spoil: (images: string) => void): Run {
    const images = temporaryFolder()
    cpSync(join(EXAMPLES, 'images'), images, { recursive: true })
    const config = readFileSync(join(images, 'table.config.yaml'), 'utf8').replace('../digits', join(EXAMPLES, 'digits'))
    writeFileSync(join(images, 'table.config.yaml'), config)
    spoil(images)
    return probity(['audit', join(images, 'table.config.yaml'), '--out', join(images, 'report'), '--no-cache'])
  }
  it.each<[string, (images: string) => void, RegExp]>([
    ['a file that is named and missing', (images) => rmSync(join(images, 'digits/0', first(images, '0'))), /0\/\d+\.png: the image does not exist\. Check the path\./],
    ['a file that is no image', (images) => writeFileSync(join(images, 'digits/0', first(images, '0')), 'no image'), /The image "0\/\d+\.png" cannot be read: /],
    ['a name that leads out', (images) => writeFileSync(join(images, 'digits.csv'), 'file,digit\n../../../etc/passwd,0\n0/1.png,1\n'), /climbs out of the folder/],
    ['a link that leads out', (images) => {
      rmSync(join(images, 'digits/0', first(images, '0')))
      symlinkSync('/etc/hostname', join(images, 'digits/0', first(images, '0')))
    }, /is a link to \/etc\/hostname, outside its own folder/],
    ['a row without an image', (images) => writeFileSync(join(images, 'digits.csv'), readFileSync(join(images, 'digits.csv'), 'utf8').replace(/\n[^,]+,/, '\n,')), /digits\.csv, line 2: column "file" names no image/],
    ['a folder where a table is expected', (images) => {
      const path = join(images, 'table.config.yaml')
      writeFileSync(path, readFileSync(path, 'utf8').replace('path: digits.csv', 'path: digits'))
    }, /data\.images\.column is for a table that names images/],
    ['an image between the folders of the classes', (images) => {
      const path = join(images, 'table.config.yaml')
      writeFileSync(path, readFileSync(path, 'utf8').replace('path: digits.csv', 'path: digits').replace(/\n.*images: \{.*/, '').replace('label: digit', 'label: class'))
      mkdirSync(join(images, 'digits/0/inner'))
      writeFileSync(join(images, 'digits/stray.png'), 'x')
    }, /(stray\.png|inner)/],
  ])('%s', (_, spoil, says) => {
    const { code, stderr } = spoiled(spoil)
    expect(code).toBe(2)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(says)
  })
})

/** The first image of a class in the table. */
const first = (images: string, label: string): string => /^(\d)\/(\d+\.png)/m.exec(readFileSync(join(images, 'digits.csv'), 'utf8').split('\n').find((line) => line.startsWith(`${label}/`))!)![2]!
