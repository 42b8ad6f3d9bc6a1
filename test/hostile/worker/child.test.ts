/** @file Whatever happens in a child process, its parent says so in one line, goes on, and leaves nothing behind. */
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { availableConfinement } from '../../../src/artifacts/confinement.js'
import { createJobs, type Jobs, type JobsOptions } from '../../../src/artifacts/jobs.js'
import type { GatherJob } from '../../../src/artifacts/job-protocol.js'

const ENTRY = new URL('./misbehaviours.mjs', import.meta.url)
const { namespaces, files } = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'confinement-'))
  const { network, files } = availableConfinement(folder)
  rmSync(folder, { recursive: true })
  return { namespaces: network, files }
})()
const whereNamespaces = it.skipIf(!namespaces)
const whereFilesConfined = it.skipIf(!files)

let folder: string
let jobs: Jobs | null = null

beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'hostile-child-')) })
afterEach(async () => {
  await jobs?.close()
  jobs = null
  expect(processes(folder)).toEqual([])
  rmSync(folder, { recursive: true, force: true })
})

function start(options: Partial<JobsOptions> = {}): Jobs {
  return (jobs = createJobs({ workerUrl: ENTRY, folder, maxMemoryMb: 256, ...options }))
}

function job(kind: string, concrete: GatherJob['concrete'] = null): GatherJob {
  const model = { staged: '/s/m.onnx', original: 'm.onnx', output: null, engine: 'onnxruntime' as const, device: 'cpu' as const, backend: null, blockRows: 1024, memory: 'normal' as const, threads: null } as GatherJob['model']
  return { type: 'gather', kind, concrete, rows: [0], seed: 0, model, view: { part: '/s/v', arrays: '/s/arrays', original: 'd.csv' }, inputs: [] }
}

async function failure(run: Promise<unknown>): Promise<{ code: string; message: string }> {
  return run.then(() => Promise.reject(new Error('the job was expected to fail')), (error: { code: string; message: string }) => ({ code: error.code, message: error.message }))
}

/** Processes, zombies too, that were started in the folder or below it. */
function processes(inside: string): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(inside) || isZombieOfOurs(pid)
    } catch {
      return false
    }
  })
}
function isZombieOfOurs(pid: string): boolean {
  const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return state === 'Z' && Number(parent) === process.pid
}
const running = (argument: string): boolean => readdirSync('/proc').some((pid) => {
  try {
    return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(argument)
  } catch {
    return false
  }
})

describe('a child', { timeout: 60_000 }, () => {
  it.each([
    ['segfault', 'job/crash', /signal SIGSEGV/],
    ['abort', 'job/crash', /signal SIGABRT/],
    ['illegal-instruction', 'job/crash', /signal SIGILL/],
    ['bus-error', 'job/crash', /signal SIGBUS/],
    ['heap', 'job/out-of-memory', /more memory than the limit of 256 MB/],
    ['native-memory', 'job/out-of-memory', /more memory than the limit of 256 MB/],
    ['exit-zero', 'job/crash', /exit code 0/],
    ['garbage', 'job/protocol', /makes no sense/],
    ['flood', 'job/protocol', /makes no sense/],
    ['ready-again', 'job/protocol', /makes no sense/],
    ['silence', 'job/deadline', /within 2 s/],
    ['loop', 'job/deadline', /within 2 s/],
    ['stop-itself', 'job/deadline', /within 2 s/],
    ['close-replies', 'job/deadline', /within 2 s/],
    ['close-all', 'job/crash', /crashed the child process/],
    ['many-files', 'job/error', /EMFILE/],
    ['grandchild-and-exit', 'job/crash', /exit code 3/],
  ])('that ends by %s is one line, and the next job finds another', async (kind, code, message) => {
    const run = start()
    const waits = ['silence', 'loop', 'stop-itself', 'close-replies'].includes(kind)
    const failed = await failure(run.run(job(kind, { seconds: 300 }), waits ? 2000 : 30_000))
    expect(failed).toEqual({ code, message: expect.stringMatching(message) as string })
    expect(failed.message).toContain(`Gathering ${kind} of m.onnx`)
    expect(failed.message).not.toMatch(/\n/)
    expect((await run.run(job('fine'), 20_000)).part.json).toMatchObject({ self: expect.any(String) as string })
    const children = () => readdirSync(join(folder, 'work')).filter((name) => name.startsWith('child-'))
    await expect.poll(children, { timeout: 5000 }).toHaveLength(1)
  })

  it.each(['part-link', 'part-pipe', 'part-folder', 'part-missing', 'part-garbage', 'part-huge'])('that leaves a %s is one line', async (kind) => {
    const failed = await failure(start({ plugins: ['own-protocol'] }).run(job(kind), 20_000))
    expect(failed).toEqual({ code: 'job/protocol', message: `Gathering ${kind} of m.onnx (1 rows): the child process left a result that cannot be read. Run with --debug to see what it printed.` })
  })

  it('starts in an empty folder of its own, which goes with it', async () => {
    const run = start({ recycle: { jobs: 1 } })
    const [first, second] = [await run.run(job('fine'), 20_000), await run.run(job('fine'), 20_000)].map(({ part }) => part.json as { folder: string; found: string[]; temporary: string })
    expect(first).toMatchObject({ found: [], temporary: first!.folder })
    expect(second!.folder).not.toBe(first!.folder)
    await expect.poll(() => existsSync(first!.folder), { timeout: 5000 }).toBe(false)
  })

  it('leaves no folder, not even one that it locked', async () => {
    await start({ recycle: { jobs: 1 } }).run(job('locked-folder'), 20_000)
    await expect.poll(() => readdirSync(join(folder, 'work')), { timeout: 5000 }).toEqual([])
  })

  whereNamespaces('takes with it whatever it started, even in a session of its own', async () => {
    const seconds = `30${randomInt(1e9)}`
    await start({ recycle: { jobs: 1 } }).run(job('grandchild', { seconds }), 20_000)
    await expect.poll(() => running(seconds), { timeout: 5000 }).toBe(false)
  })
})

describe('a child that looks around', { timeout: 60_000 }, () => {
  async function look(options: Partial<JobsOptions> = {}) {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    writeFileSync(join(folder, 'staged.onnx'), 'staged')
    Object.assign(process.env, { A_SECRET_TOKEN: 'secret-of-the-parent', NODE_OPTIONS: '--inspect=0' })
    try {
      return (await start(options).run(job('outside', { parentPid: process.pid, port, folder }), 20_000)).part.json as Record<string, unknown>
    } finally {
      delete process.env['A_SECRET_TOKEN']
      delete process.env['NODE_OPTIONS']
      server.close()
      rmSync(`/tmp/${basename(folder)}-outside`, { force: true })
    }
  }

  it('finds no secret, no home, no debugger, and few files to open', async () => {
    const seen = await look()
    for (const name of ['A_SECRET_TOKEN', 'HOME', 'NODE_OPTIONS', 'USER']) expect(seen['environment']).not.toContain(name)
    expect(seen).toMatchObject({ inspector: null, coreBlocks: 0, writeOwn: 'allowed' })
    expect((seen['arguments'] as string[]).join(' ')).not.toMatch(/inspect/)
    expect(seen['openFiles']).toBeLessThanOrEqual(4096)
  })

  whereNamespaces('reaches neither the network nor its parent', async () => {
    expect(await look()).toMatchObject({ connection: 'ENETUNREACH', parentEnvironment: 'EACCES', signalParent: 'ESRCH' })
  })

  whereFilesConfined('writes nowhere but in its own folder', async () => {
    expect(await look()).toMatchObject({ writeStaged: 'EROFS', writeTemporary: 'EROFS', remount: expect.not.stringMatching(/^allowed$/) as string, sockets: 0 })
    expect(readFileSync(join(folder, 'staged.onnx'), 'utf8')).toBe('staged')
  })

  it('has what a plugin asks for when it says that it is not confined', async () => {
    expect(await look({ confine: false })).toMatchObject({ connection: 'allowed', writeTemporary: 'allowed' })
  })
})

describe('a child is replaced', { timeout: 60_000 }, () => {
  const same = async (run: Jobs, count: number, kind = 'fine', concrete: GatherJob['concrete'] = null) => {
    const seen = new Set<string>()
    for (let i = 0; i < count; i++) seen.add(((await run.run(job(kind, concrete), 20_000)).part.json as { self: string }).self)
    return seen.size
  }
  it('after so many jobs', async () => expect(await same(start({ recycle: { jobs: 3 } }), 7)).toBe(3))
  it('when it has grown old', async () => expect(await same(start({ recycle: { ageMs: 0 } }), 3)).toBe(3))
  it('when its memory has grown', async () => expect(await same(start({ recycle: { grownBytes: 20 * 2 ** 20 } }), 12, 'grow', { bytes: 6 * 2 ** 20 })).toBe(2))
  it('and else stays', async () => expect(await same(start(), 12)).toBe(1))
})
