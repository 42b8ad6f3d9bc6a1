/** Audits the mortgage example, and the leaner model beside it; the audit's own exit code is not the demo's. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
for (const [config, out] of [['probity.config.yaml', 'probity-report'], ['lean.config.yaml', 'probity-report/lean']]) {
  console.log(`\n$ probity audit examples/mortgage/${config} --out ${out}\n`)
  execFileSync(process.execPath, ['dist/src/cli/main.js', 'audit', `examples/mortgage/${config}`, '--out', out, '--exit-zero'], { cwd: root, stdio: 'inherit' })
}
console.log('\nOpen probity-report/report.html in a browser.')
