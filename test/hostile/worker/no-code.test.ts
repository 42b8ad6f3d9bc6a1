/** @file With --no-code a configuration from a stranger is data: nothing in it is run, fetched or looked up in the environment. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixture, runCli } from '../../e2e/run-cli.js'

let home: string
beforeEach(() => { home = mkdtempSync(join(tmpdir(), 'no-code-')) })
afterEach(() => rmSync(home, { recursive: true, force: true }))

const DATA = { path: fixture('data/hmda-test.csv'), label: 'denied' }
const CODE = `import { writeFileSync } from 'node:fs'; writeFileSync(new URL('./ran', import.meta.url), ''); export default {}`

async function refusal(file: string, content: string, ...flags: string[]): Promise<string> {
  writeFileSync(join(home, file), content)
  const { code, stderr } = await runCli(['audit', ...(file.startsWith('probity.config') ? [] : [file]), '--no-code', '--no-cache', ...flags], home).ended
  expect(code).toBe(2)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  for (const name of ['ran', 'probity-report/report.json']) expect(existsSync(join(home, name)), name).toBe(false)
  return stderr
}

describe('--no-code', { timeout: 60_000 }, () => {
  it.each(['ts', 'mts', 'js', 'mjs'])('refuses a configuration that is %s, named or found', async (extension) => {
    expect(await refusal(`stranger.${extension}`, CODE)).toMatch(/is code, and --no-code refuses code/)
    expect(await refusal(`probity.config.${extension}`, CODE)).toMatch(/is code, and --no-code refuses code/)
  })

  it('refuses plugins before they are loaded', async () => {
    writeFileSync(join(home, 'plugin.mjs'), CODE)
    expect(await refusal('c.json', JSON.stringify({ data: DATA, plugins: ['./plugin.mjs'] }))).toMatch(/plugins are code, and --no-code refuses code/)
  })

  it('knows no configuration that extends another', async () => {
    writeFileSync(join(home, 'base.mjs'), CODE)
    expect(await refusal('c.json', JSON.stringify({ data: DATA, extends: './base.mjs' }))).toMatch(/extends is not a known field/)
  })

  it('asks no server', async () => {
    let asked = 0
    const server = createServer((_request, response) => { asked++; response.end() }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    expect(await refusal('model.json', JSON.stringify({ data: DATA, model: { path: `${url}/m.onnx` } }))).toMatch(/m\.onnx/)
    expect(await refusal('data.json', JSON.stringify({ data: { ...DATA, path: `${url}/d.csv`, prediction: 'denied' } }))).toMatch(/d\.csv/)
    server.close()
    expect(asked).toBe(0)
  })

  it('expands nothing from the environment', async () => {
    process.env['NO_CODE_SECRET'] = 'from-the-environment'
    try {
      for (const path of ['${NO_CODE_SECRET}.csv', '$NO_CODE_SECRET.csv', '~/d.csv', '%NO_CODE_SECRET%.csv', '{{NO_CODE_SECRET}}.csv']) {
        const line = await refusal('c.json', JSON.stringify({ data: { ...DATA, path, prediction: 'denied' } }))
        expect(line).toContain(path)
        expect(line).not.toContain('from-the-environment')
      }
    } finally {
      delete process.env['NO_CODE_SECRET']
    }
  })
})
