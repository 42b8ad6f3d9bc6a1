import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { renderHtml } from '../../reports/html.js'
import { renderJson } from '../../reports/json.js'
import { validateReport } from '../../src/contracts/validate-report.js'
import { hostileReport } from './make-hostile.js'
import { goldenReport } from './make-report.js'

const golden = { report: goldenReport(), hostile: hostileReport() }

for (const [name, report] of Object.entries(golden)) {
  it(`${name}.json is what its script makes, and is valid`, () => {
    const file = new URL(`${name}.json`, import.meta.url)
    const made = renderJson(report)
    if (process.env['UPDATE_GOLDEN']) writeFileSync(file, made)
    validateReport(JSON.parse(made))
    expect(readFileSync(file, 'utf8'), `test/golden/${name}.json differs: run UPDATE_GOLDEN=1 npx vitest run test/golden and read the diff`).toBe(made)
    const page = process.env['GOLDEN_PAGES']
    if (page) for (const showSmall of [true, false]) writeFileSync(`${page}/${name}${showSmall ? '-all' : ''}.html`, renderHtml(report, { showSmall }))
  })
}
