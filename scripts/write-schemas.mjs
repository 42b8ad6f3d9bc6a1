/** @file Writes schema/*.json from the built sources, so that editors and other tools can check configs and reports. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { reportSchema } from '../dist/src/contracts/report-schema.js'

const folder = new URL('../schema/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('report.schema.json', folder), `${JSON.stringify(reportSchema, null, 2)}\n`)
