/**
 * @file Holds ONNX Runtime's WebGPU provider against its CPU provider: gradients of single operators (the ONNX project's own cases), gradients of whole models, and the
 * audits of examples/. Each is done in a child process, since drivers crash; every outcome is a line of JSON, so that a run that was stopped goes on where it was,
 * and `--shard 1/4` to `--shard 4/4` share the work.
 *
 *   node scripts/nightly-webgpu.mjs [--out FILE] [--shard I/N] [--per-operator N] [--only operators|models|audits]
 */
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { clearTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createJiti } from 'jiti'

const root = fileURLToPath(new URL('..', import.meta.url))
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
/** Shaders compile in seconds, a hundred of them in minutes. */
const STUCK_MS = 10 * 60_000

const { values: options } = parseArgs({ options: { out: { type: 'string', default: join(root, 'webgpu.jsonl') }, shard: { type: 'string', default: '1/1' }, 'per-operator': { type: 'string', default: '1000' }, only: { type: 'string' } } })
if (process.env.VK_ICD_FILENAMES === undefined && existsSync(SWIFTSHADER)) process.env.VK_ICD_FILENAMES = SWIFTSHADER

const done = new Map(existsSync(options.out) ? lines(options.out).map((line) => [line.item, line]) : [])
const [shard, shards] = options.shard.split('/').map(Number)
const wanted = (await items()).filter((item, i) => i % shards === shard - 1 && (options.only === undefined || item.startsWith(options.only.slice(0, -1))))
mkdirSync(dirname(options.out), { recursive: true })
let left = wanted.filter((item) => !done.has(item))
console.log(`${wanted.length} comparisons, ${wanted.length - left.length} done before`)
while (left.length > 0) left = await work(left)
summarize(wanted.map((item) => done.get(item)))

/** One child for as many items as it survives; what it was at when it ended is a crash. */
function work(some) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'scripts/nightly-webgpu-child.mjs')], { cwd: root, stdio: ['pipe', 'pipe', 'ignore'] })
    let watch = null
    const restart = () => {
      clearTimeout(watch)
      watch = setTimeout(() => child.kill('SIGKILL'), STUCK_MS)
    }
    restart()
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (!text.startsWith('{"item"')) return
      note(JSON.parse(text))
      restart()
    })
    child.on('close', (code, signal) => {
      clearTimeout(watch)
      const rest = some.filter((item) => !done.has(item))
      if (rest.length > 0) note({ item: rest[0], outcome: 'crash', reason: signal ?? `exit code ${code}` })
      resolve(rest.slice(1))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(some.join('\n'))
  })
}

function note(line) {
  done.set(line.item, line)
  appendFileSync(options.out, `${JSON.stringify(line)}\n`)
  console.log(`${line.outcome.padEnd(7)} ${line.item} ${line.reason ?? ''}`)
}

async function items() {
  const { checkedCases } = await createJiti(import.meta.url).import('../test/conformance/onnx-gradients.ts')
  const taken = new Map()
  const cases = checkedCases.filter(({ expanded, operator }) => {
    if (expanded) return false
    taken.set(operator, (taken.get(operator) ?? 0) + 1)
    return taken.get(operator) <= Number(options['per-operator'])
  })
  const folder = join(root, 'test/fixtures/architectures')
  const models = ['torch', 'keras'].flatMap((framework) => JSON.parse(readFileSync(join(folder, `${framework}.json`), 'utf8'))).map(({ file }) => `model ${file}`)
  const audits = readdirSync(join(root, 'examples'), { recursive: true }).map(String).filter((file) => file.endsWith('config.yaml')).sort().map((file) => `audit ${file}`)
  return [...cases.map(({ operator, name }) => `operator ${operator} ${name}`), ...models, ...audits]
}

function lines(file) {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map((text) => JSON.parse(text))
}

function summarize(all) {
  const rows = new Map()
  for (const { item, outcome, fallbacks = [], largest = 0 } of all) {
    const [kind, name] = item.split(' ')
    const key = `${kind} ${name}`
    const row = rows.get(key) ?? { same: 0, wrong: 0, crash: 0, refused: 0, nocpu: 0, largest: 0, fallbacks: new Set() }
    row[outcome]++
    row.largest = Math.max(row.largest, largest ?? Infinity)
    for (const operator of fallbacks) row.fallbacks.add(operator)
    rows.set(key, row)
  }
  console.log(`\n${'what'.padEnd(48)} same wrong crash refused nocpu  largest  falls back`)
  for (const [key, { same, wrong, crash, refused, nocpu, largest, fallbacks }] of rows) {
    console.log(`${key.padEnd(48)} ${String(same).padStart(4)} ${String(wrong).padStart(5)} ${String(crash).padStart(5)} ${String(refused).padStart(7)} ${String(nocpu).padStart(5)}  ${largest.toExponential(0).padStart(7)}  ${[...fallbacks].sort().join(' ')}`)
  }
  const count = (outcome) => all.filter((line) => line.outcome === outcome).length
  console.log(`\nsame ${count('same')}, wrong ${count('wrong')}, crash ${count('crash')}, refused ${count('refused')}, not on the CPU either ${count('nocpu')}; ${all.filter(({ fallbacks }) => fallbacks?.length > 0).length} with operators that fall back to the CPU`)
  process.exitCode = count('wrong') + count('crash') > 0 ? 1 : 0
}
