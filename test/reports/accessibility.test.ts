import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderHtml } from '../../reports/html.js'
import { hostileReport } from '../golden/make-hostile.js'
import { goldenReport } from '../golden/make-report.js'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

type Violation = { readonly id: string; readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[] }

describe.skipIf(!existsSync(executablePath))('in chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'probity-pages-'))
  const pages = { golden: goldenReport(), hostile: hostileReport() }
  let browser: Browser

  beforeAll(async () => {
    for (const [name, report] of Object.entries(pages)) writeFileSync(join(folder, `${name}.html`), renderHtml(report, { showSmall: false }))
    browser = await chromium.launch({ executablePath, args: FLAGS })
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  async function open(name: string, options: { readonly width: number; readonly colorScheme?: 'light' | 'dark'; readonly bypassCSP?: boolean }): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: options.width, height: 900 }, colorScheme: options.colorScheme ?? 'light', bypassCSP: options.bypassCSP ?? false })
    const page = await context.newPage()
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href)
    return page
  }

  it.each([['golden', 'light', 1280], ['golden', 'dark', 1280], ['golden', 'light', 360], ['hostile', 'light', 1280]] as const)('axe finds nothing wrong: %s, %s, %i px', async (name, colorScheme, width) => {
    // Only the test's own script needs the policy out of the way.
    const page = await open(name, { width, colorScheme, bypassCSP: true })
    await page.evaluate(axe)
    await page.evaluate('document.querySelectorAll("details").forEach((each) => { each.open = true })')
    const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as { readonly violations: readonly Violation[] }
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map((node) => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([])
    await page.context().close()
  })

  it.each([['golden', 360], ['hostile', 360], ['hostile', 1280]] as const)('nothing is wider than the page: %s, %i px', async (name, width) => {
    const page = await open(name, { width })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    await page.context().close()
  })

  it('the browser applies the style, runs nothing and asks for nothing', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const asked: string[] = []
    const said: string[] = []
    page.on('request', (request) => asked.push(request.url().slice(0, 40)))
    page.on('console', (message) => said.push(message.text()))
    page.on('dialog', (dialog) => void said.push(dialog.message()))
    const url = pathToFileURL(join(folder, 'hostile.html')).href
    await page.goto(url)
    expect(await page.evaluate('getComputedStyle(document.querySelector(".badge")).display')).toBe('inline-flex')
    expect(await page.evaluate('document.querySelectorAll("script, img, iframe, object, embed, form, input, base").length')).toBe(0)
    expect(await page.evaluate('[...document.querySelectorAll("*")].filter((each) => [...each.attributes].some(({ name }) => name.startsWith("on") || name === "style")).length')).toBe(0)
    expect(said).toEqual([])
    expect(asked.filter((each) => !url.startsWith(each) && !each.startsWith('data:'))).toEqual([])
    await context.close()
  })

  it('paper shows what is folded away on screen', async () => {
    const page = await open('golden', { width: 700 })
    const visible = (selector: string): Promise<boolean> => page.evaluate(`document.querySelector(${JSON.stringify(selector)}).checkVisibility()`)
    expect(await visible('.metric details .card')).toBe(false)
    await page.emulateMedia({ media: 'print' })
    expect(await visible('.metric details .card')).toBe(true)
    expect(await visible('.provenance pre')).toBe(true)
    expect(await visible('.contents')).toBe(false)
    await page.context().close()
  })
})
