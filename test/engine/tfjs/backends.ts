import { BACKENDS, type Backend } from '../../../src/contracts/model.js'
import { openRuntime } from '../../../src/engine/tfjs/runtime.js'

/** Every backend, and in a word why a test of it is skipped on this machine; null where it runs. PROBITY_MODULES names a folder with those that the project does not install. */
export const backends: readonly { readonly backend: Backend; readonly missing: string | null; readonly title: string }[] = await Promise.all(
  BACKENDS.map(async (backend) => {
    const missing = await openRuntime('auto', backend).then(() => null, (error: Error) => error.message)
    return { backend, missing, title: missing === null ? backend : `${backend} (skipped: ${missing})` }
  }),
)

/** Relative to the largest magnitude. WebGPU's functions such as tanh are approximations of the driver. */
export const toleranceOf = (backend: Backend): number => (backend === 'webgpu' ? 1e-4 : 2e-6)

/** Kernels that a backend lacks, by the networks whose gradients need them. */
export const LACKING: Readonly<Partial<Record<Backend, readonly string[]>>> = { wasm: ['cnn', 'graph-cnn'] }
