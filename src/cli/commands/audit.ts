/** @file probity audit [config] */
import { resolve } from 'node:path'
import { findConfig, loadConfig, validateConfig, withAbsolutePaths } from '../../config/index.js'
import type { ProbityConfig } from '../../contracts/config.js'
import { ProbityError } from '../../contracts/errors.js'
import type { ModelLimits } from '../../contracts/model-limits.js'
import type { Backend, Device, EngineName } from '../../contracts/model.js'
import { audit, exitCode } from '../../index.js'
import { log } from '../output.js'
import { printSummary } from '../summary.js'
import { checkFormats, prepareFolder, writeReports } from '../write-reports.js'

export type AuditOptions = {
  model?: string
  memory?: 'normal' | 'low'
  limit?: Partial<ModelLimits>
  data?: string
  label?: string
  prediction?: string
  score?: string
  positive?: string
  favorable?: string
  sensitive?: string[]
  out: string
  format: string[]
  seed?: number
  exitZero?: boolean
  engine?: EngineName
  device: Device
  backend?: Backend
  workers: number
  timeout?: number
  maxMemory?: number
  code: boolean
  allowPath?: string[]
  /** A folder, or false for --no-cache. */
  cache?: string | boolean
  showSmall?: boolean
  debug?: boolean
}

export async function auditCommand(path: string | undefined, flags: object): Promise<number> {
  const options = flags as AuditOptions
  const formats = checkFormats(['json', ...options.format])
  const { config, folder } = await configure(path, options)
  const out = resolve(options.out)
  prepareFolder(out)
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  const report = await audit(config, {
    folder,
    ...(options.cache !== undefined && { cache: typeof options.cache === 'string' ? resolve(options.cache) : options.cache }),
    device: options.device,
    ...(options.engine !== undefined && { engine: options.engine }),
    ...(options.backend !== undefined && { backend: options.backend }),
    workers: options.workers,
    ...(options.timeout !== undefined && { timeoutMs: options.timeout * 1000 }),
    ...(options.maxMemory !== undefined && { maxMemoryMb: options.maxMemory }),
    allowPaths: (options.allowPath ?? []).map((allowed) => resolve(allowed)),
    command: ['probity', ...process.argv.slice(2)].join(' '),
    signal: interrupt.signal,
    onWarning: (text) => log(`probity: ${text}`),
    ...(options.debug && { onNoise: (text: string) => log(text) }),
    ...(process.stderr.isTTY && { onProgress: (text: string) => log(text) }),
  })
  const files = writeReports(report, { folder: out, formats, showSmall: options.showSmall ?? false })
  printSummary(report, files)
  return options.exitZero ? 0 : exitCode(report)
}

/** Flags win over the file. Without a file, flags alone make the configuration. */
async function configure(path: string | undefined, options: AuditOptions): Promise<{ config: ProbityConfig; folder: string }> {
  const here = resolve('.')
  const file = path ?? (options.data === undefined ? findConfig(here) : null)
  if (file === null && options.data === undefined) {
    throw new ProbityError('usage/data', `Nothing to audit: give --data (and --model or --prediction), or a configuration. ${here} has no probity.config.yaml.`)
  }
  const loaded = file === null ? null : await loadConfig(file, { allowCode: options.code })
  const config = withFlags(loaded?.config ?? null, options)
  return { config: withAbsolutePaths(validateConfig(config, 'The command line'), here), folder: loaded ? resolve(loaded.file, '..') : here }
}

function withFlags(config: ProbityConfig | null, options: AuditOptions): ProbityConfig {
  const { model, memory, limit, data, label, prediction, score, positive, favorable, sensitive, seed } = options
  const given = Object.fromEntries(Object.entries({ label, prediction, score, positive, favorable, sensitive, ...(data !== undefined && { path: resolve(data) }) }).filter(([, value]) => value !== undefined))
  const chosenModel = model === undefined ? config?.model : { ...config?.model, path: resolve(model) }
  return {
    ...config,
    data: { ...config?.data, ...given } as ProbityConfig['data'],
    ...(chosenModel && { model: { ...chosenModel, ...(memory !== undefined && { memory }), ...(limit !== undefined && { limits: { ...chosenModel.limits, ...limit } }) } }),
    ...(seed !== undefined && { seed }),
  }
}
