/** @file What the report says about where its numbers come from. */
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { basename, isAbsolute, relative } from 'node:path'
import type { ProbityConfig } from '../contracts/config.js'
import type { DatasetView, Finding } from '../contracts/dataset.js'
import type { ModelSummary } from '../contracts/model.js'
import type { Report } from '../contracts/report.js'

/** A path as a reader elsewhere can use it: below the folder of the configuration, else the file's name alone. What is no full path, such as the name of data in memory, stays. */
export function displayPath(path: string, folder: string): string {
  if (!isAbsolute(path)) return path
  const inside = relative(folder, path)
  return inside !== '' && !inside.startsWith('..') && !isAbsolute(inside) ? inside.split('\\').join('/') : basename(path)
}

/** Messages of failures name files in full; in the report they read as its other paths do. */
export const withDisplayPaths = (text: string, paths: readonly string[], folder: string): string =>
  paths.reduce((shown, path) => shown.replaceAll(path, displayPath(path, folder)), text)

/** The configuration that determines results: sorted keys, no absolute paths, and no limits, which only say whether a model is opened. */
export function effectiveConfig(config: ProbityConfig, folder: string): Record<string, unknown> {
  return sortKeys({
    ...config,
    seed: config.seed ?? 0,
    data: { ...config.data, path: displayPath(config.data.path, folder), ...(config.data.images?.folder !== undefined && { images: { ...config.data.images, folder: displayPath(config.data.images.folder, folder) } }) },
    ...(config.model && { model: { ...config.model, path: displayPath(config.model.path, folder), limits: undefined } }),
    ...(config.plugins && { plugins: config.plugins.map((plugin) => (isAbsolute(plugin) ? displayPath(plugin, folder) : plugin)) }),
  }) as Record<string, unknown>
}

export const configSha256 = (config: ProbityConfig, folder: string): string => sha256(JSON.stringify(effectiveConfig(config, folder)))

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export const host = (): Report['run']['host'] => ({ os: process.platform, arch: process.arch, cpu: cpus()[0]?.model.trim() ?? 'unknown', node: process.version })

/**
 * Whether audited rows were used in training. A training record in the model's metadata (`probity.training`, JSON with the sha256 of the
 * training data) says which; without one nothing can be checked, which is a finding of its own.
 */
export function trainingFinding(model: ModelSummary, dataSha256: string): Finding | null {
  const record = model.metadata['probity.training']
  if (record === undefined) return { id: 'training-data-unknown', severity: 'info', message: 'Training data unknown; overlap with the audited rows could not be checked.' }
  if (record.includes(dataSha256)) return { id: 'training-overlap', severity: 'warning', message: 'The audited file is the one that the model was trained on: results on it say little about new cases.' }
  return null
}

/** What a reader must know of gradients that are not exact; the first few places stand for the rest. */
export function approximationFinding({ capabilities: { gradient } }: ModelSummary): Finding | null {
  if (!gradient.available || gradient.approximations === undefined) return null
  const { approximations } = gradient
  const shown = approximations.slice(0, SHOWN_APPROXIMATIONS).join('; ')
  const rest = approximations.length > SHOWN_APPROXIMATIONS ? `; and ${approximations.length - SHOWN_APPROXIMATIONS} more` : ''
  return { id: 'approximate-gradient', severity: 'warning', message: `The model's gradient is an approximation, and so is what attributions and attacks make of it. ${shown}${rest}.` }
}
const SHOWN_APPROXIMATIONS = 3

/** Rows per class, in the order of the categories. */
export function labelCounts(view: DatasetView): Report['data']['label'] {
  if (!view.label) return null
  const { name, categories, codes } = view.label
  const rows = new Array<number>(categories.length).fill(0)
  let missing = 0
  for (const code of codes) {
    if (code < 0) missing++
    else rows[code]++
  }
  return { column: name, counts: categories.map((value, i) => ({ value, rows: rows[i] })), missing }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sortKeys(inner)]))
}
