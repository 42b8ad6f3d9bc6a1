/**
 * @file Pictures of a report as people meet it: `node scripts/screenshots.mjs report.html outDir` writes wide.png, narrow.png, dark.png
 * and print.png (full pages), and report.pdf.
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [report, folder] = process.argv.slice(2)
if (!report || !folder) {
  console.error('usage: node scripts/screenshots.mjs report.html outDir')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const A4_AT_96_DPI = { width: 680, height: 1000 }
const VIEWS = {
  wide: { viewport: { width: 1280, height: 900 } },
  narrow: { viewport: { width: 390, height: 844 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  print: { viewport: A4_AT_96_DPI, media: 'print' },
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS })
try {
  for (const [name, { viewport, colorScheme, media }] of Object.entries(VIEWS)) {
    const context = await browser.newContext({ viewport, colorScheme: colorScheme ?? 'light', javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(pathToFileURL(resolve(report)).href)
    if (media) {
      await page.emulateMedia({ media })
      await page.pdf({ path: join(folder, 'report.pdf'), preferCSSPageSize: true, printBackground: true })
    }
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
    await context.close()
  }
} finally {
  await browser.close()
}
