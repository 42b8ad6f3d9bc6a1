/** @file Writes schema/*.json from the built sources, so that editors and other tools can check configurations and reports. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { configSchema } from '../dist/src/config/schema.js'
import { reportSchema } from '../dist/src/contracts/report-schema.js'

const folder = new URL('../schema/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, schema] of [['report', reportSchema], ['config', configSchema]]) {
  writeFileSync(new URL(`${name}.schema.json`, folder), `${JSON.stringify(schema, null, 2)}\n`)
}
