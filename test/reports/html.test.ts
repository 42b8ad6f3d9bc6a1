import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { renderHtml } from '../../reports/html.js'
import type { Report } from '../../src/contracts/report.js'
import { hostileReport } from '../golden/make-hostile.js'
import { goldenReport } from '../golden/make-report.js'

const pages = { golden: renderHtml(goldenReport(), { showSmall: false }), hostile: renderHtml(hostileReport(), { showSmall: false }) }
const withoutStyle = (html: string): string => html.replace(/<style>[\s\S]*?<\/style>/, '')

type Tag = { readonly name: string; readonly attributes: ReadonlyMap<string, string> }

/** Every tag of the page, as a browser's tokenizer would find it: quoted attributes may hold anything but their quote. */
function tagsOf(html: string): readonly Tag[] {
  return [...withoutStyle(html).matchAll(/<([a-zA-Z!][^\s/>]*)((?:\s+[^\s=>]+(?:="[^"]*")?)*)\s*>/g)].map((tag) => ({
    name: (tag[1] ?? '').toLowerCase(),
    attributes: new Map([...(tag[2] ?? '').matchAll(/([^\s=]+)(?:="([^"]*)")?/g)].map((each) => [(each[1] ?? '').toLowerCase(), each[2] ?? ''])),
  }))
}

const TAGS = new Set('!doctype html head meta title link style body a nav p span ul ol li small main header section h1 h2 h3 h4 h5 div dl dt dd b table caption thead tbody tr th td details summary article code footer svg desc rect line text circle polygon polyline figure figcaption pre'.split(' '))

it.each(Object.entries(pages))('%s: nothing on the page can run or load', (_, html) => {
  const tags = tagsOf(html)
  expect(tags.length).toBeGreaterThan(300)
  expect([...new Set(tags.map(({ name }) => name))].filter((name) => !TAGS.has(name))).toEqual([])
  for (const { name, attributes } of tags) {
    for (const attribute of attributes.keys()) {
      expect(attribute, name).not.toMatch(/^on|^style$|^src|^srcdoc$|^formaction$/)
    }
    const href = attributes.get('href')
    if (href !== undefined) expect(href).toMatch(name === 'link' ? /^data:,$/ : /^(#|https:\/\/)/)
  }
  // Every "<" that is left over starts a tag of ours or closes one.
  expect(withoutStyle(html).replace(/<\/[a-z0-9]+>|<([a-zA-Z!][^\s/>]*)((?:\s+[^\s=>]+(?:="[^"]*")?)*)\s*>/g, '')).not.toMatch(/[<>]/)
})

it('the policy allows this style and nothing else', () => {
  const style = /<style>([\s\S]*?)<\/style>/.exec(pages.golden)?.[1] ?? ''
  const hash = createHash('sha256').update(style, 'utf8').digest('base64')
  const policy = tagsOf(pages.golden).find(({ attributes }) => attributes.get('http-equiv') === 'Content-Security-Policy')?.attributes.get('content')
  expect(policy?.replaceAll('&#x27;', "'").replaceAll('&#x3D;', '=')).toBe(`default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`)
})

it('templates never turn escaping off and quote every attribute', () => {
  const folder = new URL('../../templates/', import.meta.url)
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.hbs'))) {
    const text = readFileSync(new URL(file, folder), 'utf8')
    expect(text, file).not.toMatch(/\{\{\{|\{\{&/)
    expect(text, file).not.toMatch(/=\{\{/)
  }
})

it('is a function of the report alone', () => {
  expect(renderHtml(goldenReport(), { showSmall: false })).toBe(pages.golden)
})

it.each([['golden', goldenReport()], ['hostile', hostileReport()]] as const)('%s: every result has an anchor, and every link arrives', (name, report) => {
  const tags = tagsOf(pages[name])
  const ids = tags.flatMap(({ attributes }) => attributes.get('id') ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  const targets = tags.flatMap(({ name: tag, attributes }) => (tag === 'a' && attributes.get('href')?.startsWith('#') ? [attributes.get('href')?.slice(1) ?? ''] : []))
  expect(targets.filter((target) => !ids.includes(target))).toEqual([])
  expect(tags.filter(({ attributes }) => attributes.get('class')?.startsWith('result ')).length).toBe(report.results.length)
  for (const { key } of report.results) if (/^[\w./@-]{1,120}$/.test(key)) expect(ids).toContain(key)
})

it('shows characters that cannot be seen, instead of obeying them', () => {
  expect(pages.hostile).toContain('\\u202etxt.exe')
  expect(pages.hostile).not.toMatch(/[\u0000\u001b\u202a-\u202e]/u) // eslint-disable-line no-control-regex -- they must not be there
})

it('follows the order of the first page', () => {
  const order = ['id="verdict"', 'id="findings"', 'id="people"', 'id="limits"', 'id="not-tested"', 'id="record"', 'Signature', 'id="checks"', 'Group fairness</h2>', 'id="provenance"']
  const places = order.map((mark) => pages.golden.indexOf(mark, pages.golden.indexOf('<main')))
  expect(places.every((place) => place > 0)).toBe(true)
  expect([...places].sort((a, b) => a - b)).toEqual(places)
})

it('claims nothing that evidence cannot carry', () => {
  const text = withoutStyle(pages.golden).replace(/<[^>]*>/g, ' ')
  expect(text).not.toMatch(/\b(fair|unbiased|compliant|debiased|bias-free|trustworthy|ethical|certified)\b/i)
  expect(text).toMatch(/evidence against the limit/)
  expect(text).toMatch(/not shown to hold/i)
  expect(text).toMatch(/not tested/i)
})

it('never shows "nothing was judged" as a pass', () => {
  const report: Report = { ...goldenReport(), verdict: 'not-judged', results: goldenReport().results.filter(({ threshold }) => threshold === null) }
  const html = renderHtml(report, { showSmall: false })
  expect(html).toContain('class="verdict not-judged"')
  expect(html).toContain('Nothing was judged')
  expect(tagsOf(html).filter(({ attributes }) => /\bpass\b/.test(attributes.get('class') ?? ''))).toEqual([])
})

it('says every status in words, beside its symbol', () => {
  for (const word of ['Passed', 'Failed', 'Undecided', 'Informative', 'Not applicable', 'Error']) expect(pages.golden).toContain(`<span class="word">${word}</span>`)
})

it('shows what changed since the previous audit of the same data, with both values, before any number', () => {
  const report = goldenReport()
  const previous = { startedAt: '2026-03-04T05:06:07.000Z', configSha256: 'ab'.repeat(32) }
  const changes = [{ setting: 'limit of fairness/demographic-parity-ratio@black', previous: 'at least 0.8', now: 'at least 0.7' }]
  const page = (changedSincePreviousAudit: Report['run']['changedSincePreviousAudit']) => renderHtml({ ...report, run: { ...report.run, changedSincePreviousAudit } }, { showSmall: false })
  const changed = page({ previous, changes })
  const place = changed.indexOf('Changed since the previous audit of these data (2026-03-04)')
  expect(place).toBeGreaterThan(changed.indexOf('id="findings"'))
  expect(place).toBeLessThan(changed.indexOf('id="people"'))
  expect(changed).toMatch(/limit of fairness\/demographic-parity-ratio@black<\/dt><dd>at least 0\.7<small>previously: at least 0\.8/)
  expect(page({ previous, changes: [] })).toContain('2026-03-04, with the same limits, groups and seed')
  expect(page({ previous: null, changes: [] })).toContain('none on record')
  expect(page(null)).toContain('not known: no record is kept')
})

it('survives a report with nothing in it', () => {
  const report = goldenReport()
  const html = renderHtml({ ...report, model: null, performance: null, findings: [], results: [], metrics: {}, notTested: [], data: { ...report.data, label: null, sensitive: [], favorable: null } }, { showSmall: false })
  expect(html).toContain('No limits were configured')
})
