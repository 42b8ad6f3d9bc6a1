/**
 * Forward passes, input gradients and integrated gradients of six networks beside PyTorch (eager, channels_last, compiled) and Captum.
 *
 *   npm run build && PEER_PYTHON=/path/to/python node bench/gradients/gradients.mjs [--rounds 20] [--models mlp,cnn] [--runs forward,gradient,integrated]
 *
 * The peer's interpreter needs torch, onnx, onnxscript, captum; torch.compile a C++ compiler. Every contender is a process of its own with two threads, and
 * they take turns with idle gaps between: two engines that share a process or run at once slow each other. One JSON line per measurement; `ratio` is
 * minimum by minimum, against the best of PyTorch's modes. `shareOfPeak` is the arithmetic of the model as PyTorch counts it, over the time and the rate of
 * one large matrix product; arithmetic that is not done counts as done, so it may pass 1. `difference` is the relative L2 distance of gradients from
 * PyTorch's in double precision, of the rest from the peer's. `peakMb` is the largest resident memory of each process, the peer's smallest mode.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { setTimeout as pause } from 'node:timers/promises'

const { values: options } = parseArgs({ options: {
  rounds: { type: 'string', default: '20' }, models: { type: 'string', default: 'mlp,cnn,resnet18,vit,bert,gpt' }, runs: { type: 'string', default: 'forward,gradient,integrated' }, modes: { type: 'string', default: 'eager,channels_last,compile' },
} })
const python = process.env.PEER_PYTHON
if (!python) throw new Error('Set PEER_PYTHON to a Python with torch, onnx, onnxscript and captum.')
const rounds = Number(options.rounds)
const here = (file) => new URL(file, import.meta.url).pathname
const GAP_MS = 40
const CONVOLUTIONAL = new Set(['cnn', 'resnet18'])
/** Captum has these to compare with, and they show the two ways: one linear layer first, and a deep convolutional network. */
const INTEGRATED = new Set(['mlp', 'cnn'])

const folder = mkdtempSync(join(tmpdir(), 'probity-gradients-'))
const names = options.models.split(',')
const runs = options.runs.split(',')
try {
  execFileSync(python, [here('models.py'), folder, ...names], { stdio: ['ignore', 'ignore', 'pipe'] })
  const { gflops } = JSON.parse(execFileSync(process.execPath, [here('peak.mjs')], { encoding: 'utf8' }))
  const ratios = []
  for (const name of names) {
    const about = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
    const modes = options.modes.split(',').filter((mode) => mode !== 'channels_last' || CONVOLUTIONAL.has(name))
    const wanted = runs.filter((run) => run !== 'integrated' || INTEGRATED.has(name))
    for (const run of wanted) {
      const result = await compare(name, run, run === 'integrated' ? modes.filter((mode) => mode === 'eager') : modes)
      const operations = about.operations?.[run]
      print({ ...result, ...(operations ? { shareOfPeak: round(operations / result.ours / 1e6 / gflops) } : {}) })
      if (run === 'gradient') ratios.push(result.ratio)
    }
  }
  if (ratios.length > 1) print({ bench: 'gradients/all/gradient', ratio: round(Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)), worst: Math.max(...ratios), unit: 'geometric mean of ratios' })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function compare(name, run, modes) {
  const contenders = [open('ours', process.execPath, [here('contender.mjs'), folder, name]), ...modes.map((mode) => open(mode, python, [here('contender.py'), folder, name, mode]))]
  try {
    const saved = join(folder, `${name}.${run}`)
    for (const contender of contenders) {
      await contender.ask({ run, times: 1, save: `${saved}.${contender.mode}` })
      // Compilers and allocators settle within a few runs.
      await contender.ask({ run, times: 4 })
      contender.ms = []
      contender.cpu = []
    }
    for (let i = 0; i < rounds; i++) {
      for (const contender of contenders) {
        await pause(GAP_MS)
        // A sleeping core wakes up slowly: the first of two runs only warms it.
        const { ms, cpu, peakMb } = await contender.ask({ run, times: 2 })
        contender.ms.push(ms[1])
        contender.cpu.push(cpu[1])
        contender.peakMb = peakMb
      }
    }
    const [ours, ...peers] = contenders.map(({ mode, ms, cpu, peakMb }) => ({ mode, min: Math.min(...ms), median: median(ms), cpu: Math.min(...cpu), peakMb }))
    const best = peers.reduce((a, b) => (b.min < a.min ? b : a))
    return {
      bench: `gradients/${name}/${run}`, ours: round(ours.min), peer: round(best.min), unit: 'ms', ratio: round(ours.min / best.min), peerMode: best.mode,
      oursMedian: round(ours.median), peers: Object.fromEntries(peers.map(({ mode, min, median: middle }) => [mode, { min: round(min), median: round(middle) }])),
      cpuMs: { ours: round(ours.cpu), peer: round(best.cpu) }, peakMb: { ours: Math.round(ours.peakMb), peer: Math.round(Math.min(...peers.map(({ peakMb }) => peakMb))) },
      difference: round(difference(`${saved}.ours`, run === 'gradient' ? join(folder, `${name}.expected.bin`) : `${saved}.${peers[0].mode}`)), rounds,
    }
  } finally {
    for (const { child } of contenders) child.kill()
  }
}

function open(mode, command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, OMP_NUM_THREADS: '2', MKL_NUM_THREADS: '2' } })
  let said = ''
  child.stderr.on('data', (text) => (said = `${said}${text}`.slice(-2000)))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    mode, child,
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error(`${mode} ended: ${said}`)
      return JSON.parse(value)
    },
  }
}

/** Length of the difference of two results, relative to the second's. */
function difference(a, b) {
  const read = (path) => { const bytes = readFileSync(path); return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4) }
  const [x, y] = [read(a), read(b)]
  if (x.length !== y.length) throw new Error(`${a} has ${x.length} numbers and ${b} ${y.length}`)
  let apart = 0, whole = 0
  x.forEach((value, i) => { apart += (value - y[i]) ** 2; whole += y[i] ** 2 })
  return Math.sqrt(apart / whole)
}

function median(values) { return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] }
function round(value) { return Number(value.toPrecision(4)) }
function print(line) { console.log(JSON.stringify(line)) }
