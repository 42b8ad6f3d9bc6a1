/** Audits the mortgage example, and the leaner model beside it. The data are public, so small counts are shown; the verdict is not the demo's exit code. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
for (const [config, out] of [['probity.config.yaml', 'probity-report'], ['lean.config.yaml', 'probity-report/lean']]) {
  console.log(`\n$ probity audit examples/mortgage/${config} --out ${out} --exit-zero --show-small\n`)
  execFileSync(process.execPath, ['dist/src/cli/main.js', 'audit', `examples/mortgage/${config}`, '--out', out, '--exit-zero', '--show-small'], { cwd: root, stdio: 'inherit' })
}
console.log('\nOpen probity-report/report.html in a browser.')
