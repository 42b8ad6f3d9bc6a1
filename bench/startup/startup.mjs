/**
 * Start-up, the demo audit and its peak memory, beside the Python tools a user would pick for the same work.
 *
 *   npm run build && PEER_PYTHON=/path/to/python node bench/startup/startup.mjs [runs]
 *
 * The peer's interpreter needs fairlearn, captum, torch, onnx, pandas. Contenders are interleaved; one JSON line per measurement.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const peer = fileURLToPath(new URL('peer.py', import.meta.url))
const python = process.env.PEER_PYTHON ?? null
const runs = Number(process.argv[2] ?? 7)
const cli = join(root, 'dist/src/cli/main.js')
const audit = () => {
  const out = mkdtempSync(join(tmpdir(), 'probity-bench-'))
  return { command: [process.execPath, cli, 'audit', join(root, 'examples/mortgage/probity.config.yaml'), '--out', out, '--no-cache', '--exit-zero'], clean: () => rmSync(out, { recursive: true }) }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const round = (value) => Number(value.toPrecision(4))

/** Wall time, and the largest resident memory of the whole process tree, sampled every 20 ms (Linux; null elsewhere). */
function measure([program, ...args]) {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
    let peakKb = 0
    const timer = setInterval(() => (peakKb = Math.max(peakKb, treeRssKb(child.pid))), 20)
    child.on('error', reject)
    child.on('exit', (code) => {
      clearInterval(timer)
      if (code === 0) resolve({ ms: performance.now() - start, mb: peakKb / 1024 })
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}`))
    })
  })
}

function treeRssKb(rootPid) {
  if (process.platform !== 'linux') return NaN
  const parents = new Map(), rss = new Map()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      parents.set(Number(pid), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]))
      rss.set(Number(pid), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0))
    } catch {
      // The process ended between listing and reading.
    }
  }
  let total = 0
  for (const [pid, own] of rss) {
    for (let ancestor = pid; ancestor; ancestor = parents.get(ancestor)) if (ancestor === rootPid) { total += own; break }
  }
  return total
}

async function compare(bench, ours, theirs) {
  const mine = [], others = []
  for (let run = 0; run <= runs; run++) {
    const contender = ours()
    const own = await measure(contender.command)
    contender.clean?.()
    const other = theirs && python ? await measure([python, ...theirs]) : null
    // The first round only warms the disk cache.
    if (run > 0) { mine.push(own); if (other) others.push(other) }
  }
  const line = (name, unit, read) => {
    const [a, b] = [mine.map(read), others.map(read)]
    return { bench: name, ours: round(median(a)), oursMin: round(Math.min(...a)), peer: b.length ? round(median(b)) : null, peerMin: b.length ? round(Math.min(...b)) : null, unit, ratio: b.length ? round(median(a) / median(b)) : null, runs }
  }
  console.log(JSON.stringify(line(`${bench}/time`, 'ms', ({ ms }) => ms)))
  console.log(JSON.stringify(line(`${bench}/peak-memory`, 'MB', ({ mb }) => mb)))
}

// The peers have no command of their own: what a user's script pays before its first line of work is the import.
await compare('startup/help', () => ({ command: [process.execPath, cli, '--help'] }), ['-c', 'import fairlearn.metrics, captum.attr'])
await compare('startup/mortgage-audit', audit, [peer])
