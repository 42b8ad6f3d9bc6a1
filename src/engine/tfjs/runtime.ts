/** @file TensorFlow.js in this process: loaded once, with the backend that a model runs on, and one piece of work at a time. */
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import util from 'node:util'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import { BACKENDS, type Backend, type Device, type EngineInfo } from '../../contracts/model.js'
import { withoutWrongKernels } from './wrong-kernels.js'
import { findPackage, type FoundPackage, PACKAGE_OF, type TfNodePackage, type TfPackage } from './packages.js'

export type Runtime = {
  readonly tf: TfPackage
  /** The package with TensorFlow inside, where that is the backend. */
  readonly node: TfNodePackage | null
  readonly backend: Backend
  readonly info: EngineInfo
  /** Runs the work alone in the process and on this backend: TensorFlow.js keeps the backend and the tape of a gradient in one place for everybody. */
  alone<T>(work: () => T | Promise<T>): Promise<T>
}

type Loaded = Pick<Runtime, 'tf' | 'node'>

/** What serves a device, best first. WebGPU is taken only where it is asked for: without a GPU it is emulated, and slower than wasm. */
const SERVES: Readonly<Record<Device, readonly Backend[]>> = { auto: BACKENDS.filter((backend) => backend !== 'webgpu'), cpu: ['node', 'wasm', 'cpu'], webgpu: ['webgpu'], cuda: ['node-gpu'] }

/** As TensorFlow.js calls them. */
const REGISTERED: Readonly<Record<Backend, string>> = { 'node-gpu': 'tensorflow', node: 'tensorflow', webgpu: 'webgpu', wasm: 'wasm', cpu: 'cpu' }

/** What to install for each. */
const INSTALL: Readonly<Record<Backend, string>> = {
  'node-gpu': PACKAGE_OF['node-gpu'], node: PACKAGE_OF.node, webgpu: `${PACKAGE_OF.cpu} ${PACKAGE_OF.webgpu} webgpu`, wasm: `${PACKAGE_OF.cpu} ${PACKAGE_OF.wasm}`, cpu: PACKAGE_OF.cpu,
}

const opened = new Map<Backend, Promise<Runtime>>()
/** The copy that everything goes through: all of one version share their engine, but each counts the names of variables for itself. */
let shared: TfPackage | null = null
let queue: Promise<unknown> = Promise.resolve()

/** @throws ProbityError `engine/missing` where nothing that is installed serves, `engine/backend` where it is installed and does not start */
export async function openRuntime(device: Device = 'auto', backend?: Backend): Promise<Runtime> {
  if (backend !== undefined && device !== 'auto' && !SERVES[device].includes(backend)) {
    throw new ProbityError('engine/backend', `The backend ${backend} does not run on the device ${device}. Use the backend ${SERVES[device].join(' or ')}, or leave one of the two out.`)
  }
  const candidates = backend === undefined ? SERVES[device] : [backend]
  const failures: unknown[] = []
  for (const candidate of candidates) {
    const found = findPackage(PACKAGE_OF[candidate])
    if (found === null) continue
    try {
      return await open(candidate, found, device)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new ProbityError('engine/backend', `No backend of TensorFlow.js starts: ${failures.map(messageOf).join(' ')}`)
  const wanted = backend !== undefined ? ` with the backend ${backend}` : device === 'auto' || device === 'cpu' ? '' : ` for the device ${device}`
  throw new ProbityError('engine/missing', `TensorFlow.js${wanted} is not installed. Install it with npm install ${INSTALL[candidates.at(-1)!]}, or name the folder it lies in with PROBITY_MODULES.`)
}

function open(backend: Backend, found: FoundPackage, device: Device): Promise<Runtime> {
  const known = opened.get(backend)
  if (known) return known
  const runtime = exclusively(() => start(backend, found, device))
  opened.set(backend, runtime)
  runtime.catch(() => opened.delete(backend))
  return runtime
}

async function start(backend: Backend, found: FoundPackage, device: Device): Promise<Runtime> {
  const { tf, node } = await load(backend, found)
  const registered = REGISTERED[backend]
  const select = async (): Promise<void> => {
    if (tf.engine().backendName === registered) return
    const failure = await withoutNewListeners(() => tf.setBackend(registered)).then((done) => (done ? null : 'it could not be initialized'), messageOf)
    if (failure !== null) throw new ProbityError('engine/backend', `The backend ${backend} of TensorFlow.js does not start: ${failure}. Choose another backend, or install ${INSTALL[backend]} again.`)
  }
  await select()
  if (device === 'cuda' && !usesGpu(tf)) throw new ProbityError('engine/backend', `The backend ${backend} sees no GPU. It needs CUDA 11.2 and cuDNN 8.1; without them choose the device cpu.`)
  return {
    tf, node, backend,
    info: { name: 'tfjs', version: node === null ? tf.version_core : `${tf.version_core} (TensorFlow ${bindingOf(tf).TF_Version})`, provider: backend },
    alone: (work) => exclusively(async () => {
      await select()
      return withoutWrongKernels(tf, registered, work)
    }),
  }
}

function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const turn = queue.then(work)
  queue = turn.catch(() => undefined)
  return turn
}

async function load(backend: Backend, found: FoundPackage): Promise<Loaded> {
  if (backend === 'node' || backend === 'node-gpu') return loadNode(backend, found)
  const plain = findPackage(PACKAGE_OF.cpu)
  if (plain === null) throw new ProbityError('engine/missing', `${PACKAGE_OF[backend]} needs TensorFlow.js itself. Install it with npm install ${PACKAGE_OF.cpu}.`)
  const tf = oneCopy(plain.load() as TfPackage, plain)
  if (backend === 'wasm') {
    const { setWasmPaths } = found.load() as { setWasmPaths(folder: string): void }
    setWasmPaths(join(found.folder, 'dist') + sep)
  } else if (backend === 'webgpu') {
    await provideGpu()
    found.load()
  }
  return { tf, node: null }
}

function loadNode(backend: 'node' | 'node-gpu', found: FoundPackage): Loaded {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  // Node 23 took away what tfjs-node 4.22 calls.
  const utilities = util as unknown as { isNullOrUndefined?: (value: unknown) => boolean }
  utilities.isNullOrUndefined ??= (value) => value === null || value === undefined
  const node = found.load() as TfNodePackage
  if (typeof node.node !== 'object' || !node.findBackendFactory('tensorflow')) {
    throw new ProbityError('engine/backend', `${PACKAGE_OF[backend]} in ${found.folder} brings no TensorFlow. Install it again: npm install ${PACKAGE_OF[backend]}.`)
  }
  return { tf: oneCopy(node, found), node }
}

/** Two versions in one process would overwrite each other's kernels. */
function oneCopy(tf: TfPackage, { folder }: FoundPackage): TfPackage {
  shared ??= tf
  if (shared.version_core !== tf.version_core) throw new ProbityError('engine/backend', `TensorFlow.js ${shared.version_core} is loaded, and ${folder} is version ${tf.version_core}. Install one version of all its packages.`)
  // Otherwise it recommends other packages on the console.
  shared.enableProdMode()
  return shared
}

/** Gives the process what browsers have as navigator.gpu, from Dawn. */
async function provideGpu(): Promise<void> {
  const dawn = findPackage('webgpu')
  if (dawn === null) throw new ProbityError('engine/missing', `The backend webgpu needs Dawn. Install it with npm install webgpu.`)
  const { create, globals } = (await import(pathToFileURL(dawn.entry).href)) as { create(flags: string[]): { requestAdapter(): Promise<object | null> }; globals: object }
  const gpu = create([])
  if ((await gpu.requestAdapter()) === null) {
    throw new ProbityError('engine/backend', 'The backend webgpu finds no adapter: this machine has neither a GPU with a Vulkan, Metal or Direct3D driver nor an emulated one. Use the device cpu.')
  }
  Object.assign(globalThis, globals)
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true })
}

/** The wasm backend's loader makes every unhandled rejection and exception of the process its own. */
async function withoutNewListeners<T>(work: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = events.map((event) => new Set(process.listeners(event as 'uncaughtException')))
  try {
    return await work()
  } finally {
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as 'uncaughtException')) if (!before[i].has(listener)) process.removeListener(event, listener)
    })
  }
}

type Binding = { readonly TF_Version: string }
const bindingOf = (tf: TfPackage): Binding => (tf.backend() as unknown as { binding: Binding }).binding
const usesGpu = (tf: TfPackage): boolean => (tf.backend() as unknown as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true
