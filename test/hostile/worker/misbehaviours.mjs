// Ways in which a child can go wrong, each as the work of one job. Used as a child's entry by itself, and by misbehaving-plugin.mjs inside an audit.
import { execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, readdirSync, symlinkSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { createConnection } from 'node:net'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const REPLIES = 3
const never = () => new Promise(() => undefined)
const forever = () => { for (;;); }
const held = []
const self = randomUUID()

const attempt = (action) => {
  try {
    return action() ?? 'allowed'
  } catch (error) {
    return error.code ?? error.message
  }
}

export const misbehaviours = {
  fine: () => ({ self, folder: process.cwd(), found: readdirSync('.'), temporary: process.env.TMPDIR }),
  segfault: () => process.kill(process.pid, 'SIGSEGV'),
  abort: () => process.abort(),
  'illegal-instruction': () => process.kill(process.pid, 'SIGILL'),
  'bus-error': () => process.kill(process.pid, 'SIGBUS'),
  heap: () => { for (;;) held.push(Array.from({ length: 1e5 }, (_, i) => ({ i }))) },
  'native-memory': () => { for (;;) held.push(new globalThis.WebAssembly.Memory({ initial: 16_384, maximum: 65_536 })) },
  'exit-zero': () => process.exit(0),
  garbage: () => {
    writeSync(REPLIES, '\u0000\u0001 this is no reply\n')
    return never()
  },
  flood: () => {
    for (let sent = 0; sent < 100; sent++) writeSync(REPLIES, 'x'.repeat(2 ** 20))
    return never()
  },
  'ready-again': () => {
    for (let sent = 0; sent < 1e5; sent++) writeSync(REPLIES, '{"type":"ready"}\n')
    return never()
  },
  silence: never,
  loop: forever,
  grandchild: ({ seconds }) => {
    spawn('sleep', [String(seconds)], { detached: true, stdio: 'ignore' }).unref()
    return 'left one behind'
  },
  'grandchild-and-exit': ({ seconds }) => {
    spawn('sleep', [String(seconds)], { stdio: 'inherit' })
    process.exit(3)
  },
  'close-replies': () => {
    closeSync(REPLIES)
    return never()
  },
  'close-all': () => {
    for (const descriptor of [0, 1, 2, REPLIES]) closeSync(descriptor)
    return never()
  },
  'stop-itself': () => {
    process.kill(process.pid, 'SIGSTOP')
    return never()
  },
  'many-files': () => { for (;;) openSync('/dev/null') },
  'locked-folder': () => {
    mkdirSync('locked')
    writeFileSync('locked/file', 'x')
    chmodSync('locked', 0)
    return 'locked'
  },
  grow: ({ bytes }) => {
    held.push(Buffer.alloc(bytes, 1))
    return { self }
  },
  outside: async ({ parentPid, port, folder }) => ({
    environment: Object.keys(process.env).sort(),
    arguments: process.execArgv,
    inspector: (await import('node:inspector')).url() ?? null,
    openFiles: Number(execFileSync('/bin/sh', ['-c', 'ulimit -n'])),
    coreBlocks: Number(execFileSync('/bin/sh', ['-c', 'ulimit -c'])),
    parentEnvironment: attempt(() => readFileSync(`/proc/${parentPid}/environ`, 'latin1')),
    signalParent: attempt(() => process.kill(parentPid, 0)),
    // What lies in the run's folder is staged input; the other place is anybody's.
    writeStaged: attempt(() => writeFileSync(join(folder, 'staged.onnx'), 'changed')),
    writeTemporary: attempt(() => writeFileSync(`/tmp/${basename(folder)}-outside`, 'x')),
    writeOwn: attempt(() => writeFileSync('own', 'x')),
    remount: attempt(() => void execFileSync('mount', ['-o', 'remount,rw', '/'], { stdio: 'ignore' })),
    sockets: attempt(() => readdirSync('/run').length),
    connection: await new Promise((resolve) => createConnection({ port, host: '127.0.0.1' }).on('connect', () => resolve('allowed')).on('error', ({ code }) => resolve(code))),
  }),
}

/** Parts that are not what the protocol promises, put where the parent will look before it is told that all is done. */
const parts = {
  'part-link': (output) => symlinkSync('/etc/passwd', output),
  'part-pipe': (output) => void execFileSync('mkfifo', [output]),
  'part-folder': (output) => mkdirSync(output),
  'part-missing': () => undefined,
  'part-garbage': (output) => writeFileSync(output, 'PROBITY1\u00ff\u00ff\u00ff\u00ffgarbage'),
  'part-huge': (output) => {
    writeFileSync(output, '')
    truncateSync(output, 2 ** 40)
  },
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { readArguments, serve } = await import('../../../dist/src/worker/serve.js')
  if (readArguments().plugins.includes('own-protocol')) {
    writeSync(REPLIES, '{"type":"ready"}\n')
    process.stdin.on('data', (line) => {
      const { id, output, job } = JSON.parse(line)
      parts[job.kind](output)
      writeSync(REPLIES, `${JSON.stringify({ type: 'done', id, residentBytes: 0 })}\n`)
    })
  } else {
    await serve(readArguments(), async () => async ({ kind, concrete }) => ({ json: await misbehaviours[kind](concrete), tensors: {} }))
  }
}
