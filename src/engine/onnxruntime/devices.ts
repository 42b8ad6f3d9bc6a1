/** @file Where ONNX Runtime runs a model: what was asked for, or what the machine has and the model gains from. */
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ProbityError } from '../../contracts/errors.js'
import type { Device } from '../../contracts/model.js'
import { probe } from '../probe.js'

export type Provider = Exclude<Device, 'auto'>
export type GpuProvider = Exclude<Provider, 'cpu'>

/**
 * @param gains whether the model is large enough for `auto` to look for a GPU
 * @throws ProbityError where a device that was asked for does not answer: what is missing, and what to do
 */
export async function chooseProvider(device: Device, gains: () => boolean): Promise<Provider> {
  if (device === 'cpu') return device
  if (device !== 'auto') {
    const { reason } = await probe('onnxruntime', device)
    if (reason !== null) throw new ProbityError('engine/device', `The device ${device} cannot be used: ${reason} ${remedyOf(device)} Or use --device cpu; "probity doctor" shows what is there.`)
    return device
  }
  const candidates = candidatesForAuto()
  if (candidates.length === 0 || !gains()) return 'cpu'
  for (const candidate of candidates) {
    const { reason, software } = await probe('onnxruntime', candidate)
    if (reason === null && software !== true) return candidate
  }
  return 'cpu'
}

/** What is worth starting a process for: CUDA where its library lies, WebGPU where something looks like a graphics card. */
function candidatesForAuto(): GpuProvider[] {
  return [...(cudaLibrary() === null ? [] : (['cuda'] as const)), ...(hasHardwareAdapter() ? (['webgpu'] as const) : [])]
}

/** The CUDA provider's library, which npm does not bring along; null where it was not downloaded. */
export function cudaLibrary(): string | null {
  const binaries = join(onnxruntimeFolder(), 'bin')
  const names = ['libonnxruntime_providers_cuda.so', 'onnxruntime_providers_cuda.dll']
  const folders = existsSync(binaries) ? readdirSync(binaries).map((version) => join(binaries, version, process.platform, process.arch)) : []
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path)) ?? null
}

const onnxruntimeFolder = (): string => dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))

const SOFTWARE_DRIVERS = /swiftshader|lavapipe|lvp_|llvmpipe/i

/** Without asking a driver, which might crash. A software adapter is slower than the CPU provider, whose work it does. */
export function hasHardwareAdapter({ VK_ICD_FILENAMES = '', VK_DRIVER_FILES = '' }: NodeJS.ProcessEnv = process.env, platform: string = process.platform): boolean {
  const forced = VK_DRIVER_FILES || VK_ICD_FILENAMES
  if (forced !== '' && forced.split(platform === 'win32' ? ';' : ':').every((file) => SOFTWARE_DRIVERS.test(file))) return false
  if (platform !== 'linux') return platform === 'darwin' || platform === 'win32'
  const renderers = existsSync('/dev/dri') ? readdirSync('/dev/dri').filter((name) => name.startsWith('renderD')) : []
  return renderers.length > 0 || ['/dev/nvidia0', '/dev/dxg'].some((path) => existsSync(path))
}

/** The command is ONNX Runtime's own; it downloads from NuGet, which a registry mirror does not replace. */
export const CUDA_INSTALL = 'ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js'

export function remedyOf(provider: GpuProvider): string {
  if (provider === 'webgpu') return process.platform === 'linux' ? "Install the graphics card's Vulkan driver and libvulkan1 (Debian: apt-get install libvulkan1 mesa-vulkan-drivers)." : "Update the graphics card's driver."
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'ONNX Runtime for Node has CUDA on Linux x64 only: use --device webgpu.'
  return cudaLibrary() === null ? `Download the CUDA provider: ${CUDA_INSTALL}.` : 'It wants an NVIDIA driver, CUDA 12 and cuDNN 9 where LD_LIBRARY_PATH finds them.'
}
