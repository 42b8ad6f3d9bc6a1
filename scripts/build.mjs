/** Makes dist/ and schema/: everything that `bin` and `exports` point to. */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'

const root = new URL('../', import.meta.url)
const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(new URL('dist/', root), { recursive: true, force: true })
execFileSync(process.execPath, [typescript, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (existsSync(new URL('templates/', root))) cpSync(new URL('templates/', root), new URL('dist/templates/', root), { recursive: true })
chmodSync(new URL('dist/src/cli/main.js', root), 0o755)
await import('./write-schemas.mjs')
