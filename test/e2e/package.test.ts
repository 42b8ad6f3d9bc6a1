import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXAMPLES, readReport, ROOT, temporaryFolder } from './command.js'

const npm = (args: readonly string[], cwd: string) => execFileSync('npm', args, { cwd, encoding: 'utf8', env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })

it('works from its tarball, in an empty folder, with install scripts as a consumer has them', { timeout: 240_000 }, () => {
  const folder = temporaryFolder()
  npm(['pack', '--pack-destination', folder], ROOT)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`], folder)

  const bin = join(folder, 'node_modules/.bin/probity')
  expect(execFileSync(bin, ['--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/)
  execFileSync(bin, ['audit', join(EXAMPLES, 'sklearn/logistic.config.yaml'), '--out', 'report', '--no-cache'], { cwd: folder, encoding: 'utf8' })
  expect(existsSync(join(folder, 'report/report.html'))).toBe(true)
  expect(readReport(join(folder, 'report')).verdict).toBe('not-judged')

  writeFileSync(join(folder, 'use.mjs'), `
    import { loadModel, loadData, fairness, differentiate, version } from 'probity'
    const model = await loadModel(${JSON.stringify(join(EXAMPLES, 'mortgage/hmda-mlp.onnx'))})
    const { logits } = await model.predict({ x: { data: new Float32Array(22), dims: [2, 11] } })
    console.log(JSON.stringify({ dims: logits.dims, version, kinds: [loadData, fairness, differentiate].map((f) => typeof f) }))
    await model.dispose()`)
  const used = JSON.parse(execFileSync(process.execPath, ['use.mjs'], { cwd: folder, encoding: 'utf8' })) as { dims: number[]; kinds: string[] }
  expect(used.dims).toEqual([2, 2])
  expect(used.kinds).toEqual(['function', 'function', 'function'])

  writeFileSync(join(folder, 'use.ts'), "import { audit, type Report } from 'probity'\nexport const report: Promise<Report> = audit({ data: 'x.csv' })\n")
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', 'use.ts'], { cwd: folder, stdio: 'pipe' })
})
