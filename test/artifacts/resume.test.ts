/** @file A gather that is killed at any point goes on where it was, with the same result; children never outlive their parent. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const PARENT = fileURLToPath(new URL('../fixtures/worker/parent.mjs', import.meta.url))
const ROWS = 1190
const BLOCKS = Math.ceil(ROWS / 64)

let root: string
let uninterrupted: string

type Run = {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>
  /** Resolves with all that was printed once `text` was. */
  readonly saw: (text: string) => Promise<string>
}

function run(cache: string, output: string, workers = 1): Run {
  const child = spawn(process.execPath, [PARENT, cache, output, String(workers)], { env: { ...process.env, XDG_CONFIG_HOME: join(root, 'config'), TMPDIR: root } })
  let printed = ''
  const listeners: (() => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      listeners.forEach((listener) => listener())
    })
  }
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, output: printed }))),
    saw: (text) => new Promise((resolve) => {
      const look = () => { if (printed.includes(text)) resolve(printed) }
      listeners.push(look)
      look()
    }),
  }
}

const read = (output: string) => JSON.parse(readFileSync(output, 'utf8')) as { value: number[]; computed: number; reused: number }
const entries = (cache: string): string[] => (existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.part')) : [])

/** Children of the run with this private folder. */
function childrenIn(folder: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${folder}`) && isWorker(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'))
    } catch {
      return false
    }
  })
}

const isWorker = ([program, ...rest]: string[]): boolean => program === process.execPath && rest.some((argument) => argument.endsWith('worker/main.js'))

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'resume-test-'))
  uninterrupted = join(root, 'uninterrupted.json')
  const { code, output } = await run(join(root, 'cache'), uninterrupted).ended
  expect(output).toMatch(/block/)
  expect(code).toBe(0)
}, 120_000)
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a gather of many blocks', { timeout: 120_000 }, () => {
  it('computes each block once, then none', async () => {
    expect(read(uninterrupted)).toMatchObject({ computed: BLOCKS, reused: 0 })
    const again = join(root, 'again.json')
    await run(join(root, 'cache'), again).ended
    expect(read(again)).toEqual({ ...read(uninterrupted), computed: 0, reused: BLOCKS })
  })

  it('gives the same with two children at a time', async () => {
    const output = join(root, 'two.json')
    await run(join(root, 'cache-two'), output, 2).ended
    expect(read(output)).toEqual(read(uninterrupted))
  })

  it.each(['folder', 'block 1\n', 'block 7\n', 'block 18\n'])('that is killed after "%s" goes on where it was', async (moment) => {
    const [cache, output] = [join(root, `cache-${moment.trim()}`), join(root, `${moment.trim()}.json`)]
    const first = run(cache, output)
    await first.saw(moment)
    first.child.kill('SIGKILL')
    expect((await first.ended).signal).toBe('SIGKILL')
    expect(existsSync(output)).toBe(false)
    const kept = entries(cache).length
    const { code, output: printed } = await run(cache, output).ended
    expect(code).toBe(0)
    expect(printed).not.toMatch(/warning/)
    const resumed = read(output)
    expect(resumed).toMatchObject({ computed: BLOCKS - kept, reused: kept })
    expect(kept).toBeGreaterThanOrEqual(Number(/\d+/.exec(moment)?.[0] ?? 0))
    expect(JSON.stringify(resumed.value)).toBe(JSON.stringify(read(uninterrupted).value))
  })

  it('computes a poisoned block again and says so', async () => {
    const cache = join(root, 'cache-poisoned')
    await run(cache, join(root, 'ignored.json')).ended
    const victim = join(cache, entries(cache)[3])
    const bytes = readFileSync(victim)
    bytes[bytes.length - 1] ^= 0x40
    writeFileSync(victim, bytes)
    const output = join(root, 'poisoned.json')
    const { output: printed } = await run(cache, output).ended
    expect(printed).toMatch(/warning The cache entry .* is damaged or was not written by this user; it is computed again\./)
    expect(read(output)).toEqual({ value: read(uninterrupted).value, computed: 1, reused: BLOCKS - 1 })
  })
})

describe.runIf(process.platform === 'linux')('when the parent ends', { timeout: 120_000 }, () => {
  it('by SIGKILL, its child is gone within 2 s', async () => {
    const killed = run(join(root, 'cache-orphan'), join(root, 'orphan.json'))
    const folder = /folder (.*)/.exec(await killed.saw('block 2\n'))![1]
    expect(childrenIn(folder)).toHaveLength(1)
    killed.child.kill('SIGKILL')
    const before = performance.now()
    await expect.poll(() => childrenIn(folder), { timeout: 2000, interval: 20 }).toEqual([])
    expect(performance.now() - before).toBeLessThan(2000)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s, child and private folder are gone, and the signal is what it died of', async (signal) => {
    const stopped = run(join(root, `cache-${signal}`), join(root, `${signal}.json`))
    const folder = /folder (.*)/.exec(await stopped.saw('block 2\n'))![1]
    expect(existsSync(folder)).toBe(true)
    stopped.child.kill(signal)
    expect((await stopped.ended).signal).toBe(signal)
    expect(existsSync(folder)).toBe(false)
    await expect.poll(() => childrenIn(folder), { timeout: 2000 }).toEqual([])
  })
})
