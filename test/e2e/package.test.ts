import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXAMPLES, readReport, ROOT, temporaryFolder } from './command.js'

const npm = (args: readonly string[], cwd: string) => execFileSync('npm', args, { cwd, encoding: 'utf8', env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
const peers = (JSON.parse(execFileSync(process.execPath, ['-p', 'JSON.stringify(Object.keys(require("./package.json").peerDependencies))'], { cwd: ROOT, encoding: 'utf8' })) as string[]).sort()

/** An empty folder with the packed product and nothing but its own dependencies. */
function consumer(...flags: string[]): string {
  const folder = temporaryFolder()
  npm(['pack', '--ignore-scripts', '--pack-destination', folder], ROOT)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', ...flags, `./${tarball}`], folder)
  return folder
}

const evaluate = (folder: string, code: string): string => {
  writeFileSync(join(folder, 'use.mjs'), code)
  return execFileSync(process.execPath, ['use.mjs'], { cwd: folder, encoding: 'utf8' })
}

it('works from its tarball, in an empty folder, with install scripts as a consumer has them', { timeout: 240_000 }, () => {
  const folder = consumer()
  const bin = join(folder, 'node_modules/.bin/probity')
  expect(execFileSync(bin, ['--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/)
  execFileSync(bin, ['audit', join(EXAMPLES, 'sklearn/logistic.config.yaml'), '--out', 'report', '--no-cache'], { cwd: folder, encoding: 'utf8' })
  expect(existsSync(join(folder, 'report/report.html'))).toBe(true)
  expect(readReport(join(folder, 'report')).verdict).toBe('not-judged')

  const used = JSON.parse(evaluate(folder, `
    import { loadModel, loadData, fairness, differentiate, version } from 'probity'
    const model = await loadModel(${JSON.stringify(join(EXAMPLES, 'mortgage/hmda-mlp.onnx'))})
    const { logits } = await model.predict({ x: { data: new Float32Array(22), dims: [2, 11] } })
    console.log(JSON.stringify({ dims: logits.dims, version, kinds: [loadData, fairness, differentiate].map((f) => typeof f) }))
    await model.dispose()`)) as { dims: number[]; kinds: string[] }
  expect(used.dims).toEqual([2, 2])
  expect(used.kinds).toEqual(['function', 'function', 'function'])

  writeFileSync(join(folder, 'use.ts'), `
    import { audit, loadData, type Report } from 'probity'
    export const report: Promise<Report> = audit({ data: 'x.csv' })
    export const inMemory: Promise<Report> = audit({ data: { frame: { y: [0, 1], p: new Float32Array(2) }, label: 'y', score: 'p' } })
    export const frame = (await inMemory as Awaited<ReturnType<typeof audit>>).toDataFrame({ DataFrame: class { constructor(readonly rows: unknown[][]) {} } })
    export const rows: number = frame.rows.length + (await loadData([{ a: 1 }])).rows\n`)
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', 'use.ts'], { cwd: folder, stdio: 'pipe' })
})

describe('without install scripts and without optional peers', () => {
  it('installs the product alone, audits, and takes tables in memory', { timeout: 240_000 }, () => {
    const folder = consumer('--ignore-scripts')
    expect(peers).toContain('danfojs-node')
    expect(peers.filter((name) => existsSync(join(folder, 'node_modules', name)))).toEqual([])
    const { verdict, values, path } = JSON.parse(evaluate(folder, `
      import { audit } from 'probity'
      const frame = { g: ['a', 'b', 'a', 'b'], y: [0, 1, 0, 1], p: [0, 1, 1, 1] }
      const report = await audit({ data: { frame, label: 'y', prediction: 'p', sensitive: ['g'], favorable: 1, positive: 1, minimumGroupSize: 1 }, audits: { 'fairness/selection-rate': true } }, { cache: false })
      const { rows } = report.groupsToDataFrame({ DataFrame: class { constructor(rows) { this.rows = rows } } }, { showSmall: true })
      console.log(JSON.stringify({ verdict: report.verdict, path: report.data.path, values: rows.map((row) => row[3]) }))`)) as { verdict: string; values: number[]; path: string }
    expect([verdict, path]).toEqual(['not-judged', 'DataFrame'])
    expect(values).toEqual([0.5, 1])

    const audited = spawnSync(join(folder, 'node_modules/.bin/probity'), ['audit', join(EXAMPLES, 'mortgage/probity.config.yaml'), '--out', 'report', '--no-cache', '--exit-zero'], { cwd: folder, encoding: 'utf8' })
    expect([audited.status, audited.stderr]).toEqual([0, expect.not.stringMatching(/Cannot find|ERR_MODULE/)])

    for (const [example, peer] of [['tfjs/probity.config.yaml', '@tensorflow/tfjs'], ['images/folder.config.yaml', 'sharp']] as const) {
      const absent = spawnSync(join(folder, 'node_modules/.bin/probity'), ['audit', join(EXAMPLES, example), '--out', 'absent', '--no-cache'], { cwd: folder, encoding: 'utf8' })
      expect([absent.status, absent.stderr], peer).toEqual([2, expect.stringMatching(new RegExp(`^probity: [^\\n]*npm install [^\\n]*${peer}[^\\n]*\\n$`))])
      expect(existsSync(join(folder, 'absent/report.json'))).toBe(false)
    }
  })
})
