/** @file probity convert model.json -o model.onnx: a TensorFlow.js LayersModel as a file that any ONNX Runtime runs. */
import { resolve } from 'node:path'
import { convertModel, openWorkspace } from '../../artifacts/index.js'
import { ProbityError } from '../../contracts/errors.js'
import type { ModelLimits } from '../../contracts/model-limits.js'
import { workerUrl } from '../../package.js'
import { log, print } from '../output.js'

export type ConvertCommandOptions = { out?: string; check?: boolean; allowPath?: string[]; limit?: Partial<ModelLimits>; timeout?: number; maxMemory?: number; debug?: boolean }

/** Exit code 0; with --check, 1 when something is in the way. */
export async function convertCommand(path: string, flags: object): Promise<number> {
  const { out, check = false, allowPath = [], limit = {}, timeout, maxMemory, debug } = flags as ConvertCommandOptions
  if (out === undefined && !check) throw new ProbityError('usage/out', 'Where should the ONNX model go? Name a file: probity convert model.json -o model.onnx. To look only, add --check.')
  if (out !== undefined && check) throw new ProbityError('usage/out', '--check writes nothing, so it takes no -o. Leave one of the two out.')
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  const workspace = await openWorkspace({
    workerUrl: workerUrl(), cacheFolder: null, cache: false, signal: interrupt.signal, onWarning: (text) => log(`probity: ${text}`),
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
    ...(maxMemory !== undefined && { maxMemoryMb: maxMemory }),
    ...(debug && { onNoise: log }),
  })
  try {
    const { files, obstacles } = await convertModel(path, out ?? null, { allowPaths: allowPath.map((allowed) => resolve(allowed)), limits: limit }, workspace)
    for (const line of check ? obstacles : files) print(line)
    if (check && obstacles.length === 0) print(`${path}: every layer can be converted.`)
    return obstacles.length === 0 ? 0 : 1
  } finally {
    await workspace.close()
  }
}
