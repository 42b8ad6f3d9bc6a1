/** @file probity gradient model.onnx -o gradient.onnx: the gradient as a file that any ONNX Runtime runs. */
import { resolve } from 'node:path'
import { makeGradientModel, openWorkspace, type GradientFiles } from '../../artifacts/index.js'
import { ProbityError } from '../../contracts/errors.js'
import type { ModelLimits } from '../../contracts/model-limits.js'
import type { Loss } from '../../contracts/objective.js'
import { workerUrl } from '../../package.js'
import { log, print } from '../output.js'

export type GradientCommandOptions = {
  output?: string
  loss?: Loss
  withRespectTo?: string[]
  out?: string
  check?: boolean
  allowPath?: string[]
  memory?: 'normal' | 'low'
  limit?: Partial<ModelLimits>
  timeout?: number
  maxMemory?: number
  debug?: boolean
}

/** Exit code 0; with --check, 1 when something is in the way. */
export async function gradientCommand(path: string, flags: object): Promise<number> {
  const { output, loss, withRespectTo, out, check = false, allowPath = [], memory, limit = {}, timeout, maxMemory, debug } = flags as GradientCommandOptions
  if (out === undefined && !check) throw new ProbityError('usage/out', 'Where should the gradient go? Name a file: probity gradient model.onnx -o gradient.onnx. To look only, add --check.')
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
    const request = { ...(output !== undefined && { output }), ...(loss !== undefined && { loss }), ...(withRespectTo !== undefined && { withRespectTo }) }
    const made = await makeGradientModel(path, request, out ?? null, { allowPaths: allowPath.map((allowed) => resolve(allowed)), memory, limits: limit }, workspace)
    return check ? reportObstacles(path, made) : reportFiles(made)
  } finally {
    await workspace.close()
  }
}

function reportObstacles(path: string, { obstacles }: GradientFiles): number {
  for (const obstacle of obstacles) print(obstacle)
  if (obstacles.length === 0) print(`${path}: every operator on the way has a gradient.`)
  return obstacles.length === 0 ? 0 : 1
}

function reportFiles({ files, target, objective, gradients, approximations }: GradientFiles): number {
  for (const file of files) print(file)
  log(`Inputs: those of the model${target === null ? '' : `, and "${target}"`}. Outputs: "${objective}" per row, and ${Object.entries(gradients).map(([value, name]) => `"${name}", the gradient of the sum over rows with respect to "${value}"`).join('; ')}.`)
  for (const approximation of approximations) log(`Approximate: ${approximation}`)
  return 0
}
