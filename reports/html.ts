/** @file report.html: one self-contained page without scripts, for people and for paper. */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import Handlebars from 'handlebars'
import type { Report } from '../src/contracts/report.js'
import { viewModel } from './view-model.js'

const templates = new URL('../templates/', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, templates), 'utf8')

type Page = { readonly render: (context: unknown) => string; readonly style: string; readonly policy: string }
let page: Page | null = null

/** Partials go by their file names; those of details as `details/bars`. */
function compile(): Page {
  const handlebars = Handlebars.create()
  for (const folder of ['partials', 'details']) {
    for (const file of readdirSync(new URL(`${folder}/`, templates)).filter((name) => name.endsWith('.hbs')).sort()) {
      const name = file.slice(0, -'.hbs'.length)
      handlebars.registerPartial(folder === 'partials' ? name : `${folder}/${name}`, read(`${folder}/${file}`))
    }
  }
  handlebars.registerHelper('detailsPartial', (name: string) => `details/${name}`)
  const style = read('styles.css').trim()
  const hash = createHash('sha256').update(style, 'utf8').digest('base64')
  return {
    render: handlebars.compile(read('report.hbs'), { strict: true, preventIndent: true }),
    style: style,
    policy: `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
  }
}

/** The page as a string. Templates are read and compiled at the first call. */
export function renderHtml(report: Report, options: { readonly showSmall: boolean }): string {
  page ??= compile()
  return page.render({ page: viewModel(report, options), style: new Handlebars.SafeString(page.style), policy: page.policy })
}
