import { afterEach, describe, expect, it } from 'vitest'
import { createJobs, type Jobs, type JobsOptions } from '../../src/artifacts/jobs.js'
import type { GatherJob } from '../../src/artifacts/job-protocol.js'
import { makePrivateFolder } from '../../src/artifacts/private-folder.js'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

function start(options: Partial<JobsOptions> = {}): Jobs {
  const { folder, remove } = makePrivateFolder()
  const jobs = createJobs({ workerUrl: new URL('../fixtures/worker/hostile.mjs', import.meta.url), folder, maxMemoryMb: 512, ...options })
  open.push(async () => {
    await jobs.close()
    remove()
  })
  return jobs
}

function job(kind: string, concrete: GatherJob['concrete'] = null): GatherJob {
  const model = { staged: '/s/m.onnx', original: 'm.onnx', output: null, engine: 'onnxruntime' as const, device: 'cpu' as const, backend: null, blockRows: 1024, memory: 'normal' as const, threads: null }
  return { type: 'gather', kind, concrete, rows: [0, 1], seed: 0, model, view: { part: '/s/v', arrays: '/s/a', original: 'd.csv' }, inputs: [] }
}

async function failure(run: Promise<unknown>): Promise<{ code: string; message: string; durationMs: number }> {
  const before = performance.now()
  try {
    await run
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { code, message, durationMs: performance.now() - before }
  }
  throw new Error('the job was expected to fail')
}

describe('a child process', () => {
  it('answers jobs one after the other in the same process', async () => {
    const jobs = start()
    const [a, b] = [await jobs.run(job('echo'), 10_000), await jobs.run(job('echo'), 10_000)]
    expect(a.part.json).toMatchObject({ rows: [0, 1] })
    expect(b.part.json).toEqual(a.part.json)
  })

  it('knows nothing of the environment but where libraries are', async () => {
    process.env.SECRET_TOKEN = 'x'
    const { part } = await start().run(job('echo'), 10_000)
    delete process.env.SECRET_TOKEN
    expect((part.json as { environment: string[] }).environment).not.toContain('SECRET_TOKEN')
    expect((part.json as { environment: string[] }).environment).not.toContain('HOME')
  })

  it('may print what it likes', async () => {
    let noise = ''
    const { part } = await start({ onNoise: (text) => (noise += text) }).run(job('noisy'), 10_000)
    expect(part.json).toBe('fine')
    await expect.poll(() => noise).toContain('W:onnxruntime: a warning')
  })

  it('is stopped at its deadline inside an endless loop, and the next job has a new one', async () => {
    const jobs = start()
    const { code, message, durationMs } = await failure(jobs.run(job('loop'), 1500))
    expect(code).toBe('job/deadline')
    expect(message).toBe('Gathering loop of m.onnx (2 rows) did not finish within 1.5 s and was stopped. If it only needs longer, allow that with --timeout SECONDS.')
    expect(durationMs).toBeGreaterThan(1400)
    expect(durationMs).toBeLessThan(6000)
    expect((await jobs.run(job('echo'), 10_000)).part.json).toMatchObject({ rows: [0, 1] })
  })

  it('obeys --timeout over any deadline', async () => {
    const jobs = start({ timeoutMs: 10_000 })
    expect((await jobs.run(job('slow', { durationMs: 300 }), 1)).part.json).toBeNull()
  })

  it.each(['array-buffers', 'heap'])('that allocates %s without end is one line about memory', async (kind) => {
    const { code, message, durationMs } = await failure(start({ maxMemoryMb: 128 }).run(job(kind), 60_000))
    expect({ code, message }).toEqual({ code: 'job/out-of-memory', message: `Gathering ${kind} of m.onnx (2 rows) needs more memory than the limit of 128 MB and was stopped. Use --memory low, or fewer rows; if you trust the model, allow more with --max-memory MiB.` })
    expect(durationMs).toBeLessThan(30_000)
  }, 60_000)

  it('is held by its watchdog where the system has no limit', async () => {
    const { code, durationMs } = await failure(start({ limitAddressSpace: false }).run(job('array-buffers'), 30_000))
    expect(code).toBe('job/out-of-memory')
    expect(durationMs).toBeLessThan(20_000)
  })

  it.each([
    ['crash', 'job/crash', /signal SIGSEGV/],
    ['exit', 'job/crash', /exit code 7/],
    ['throw', 'job/error', /^Gathering throw of m\.onnx \(2 rows\) failed: the model said no second line$/],
    ['garbage', 'job/protocol', /makes no sense/],
    ['wrong-id', 'job/protocol', /makes no sense/],
    ['endless-line', 'job/protocol', /makes no sense/],
  ])('that ends by %s is one line', async (kind, code, message) => {
    const failed = await failure(start().run(job(kind), 20_000))
    expect(failed.code).toBe(code)
    expect(failed.message).toMatch(message)
    expect(failed.message).not.toMatch(/\n/)
  })

  it('that died between two jobs is replaced', async () => {
    const jobs = start()
    const { self } = (await jobs.run(job('last-words'), 10_000)).part.json as { self: string }
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await jobs.run(job('echo'), 10_000)).part.json).not.toMatchObject({ self })
  })

  it('runs as many at a time as asked', async () => {
    const jobs = start({ workers: 2 })
    const results = await Promise.all([1, 2, 3].map(() => jobs.run(job('slow', { durationMs: 50 }), 10_000).then(() => jobs.run(job('echo'), 10_000))))
    expect(new Set(results.map(({ part }) => (part.json as { self: string }).self)).size).toBeLessThanOrEqual(2)
  })

  it('is one line when it cannot start', async () => {
    const failed = await failure(start({ workerUrl: new URL('file:///nowhere/worker.js') }).run(job('echo'), 10_000))
    expect(failed.code).toBe('job/crash')
  })
})
