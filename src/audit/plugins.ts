/** @file Plugins: modules named in the configuration that bring metrics and artifact gatherers. Trusted code, refused by --no-code before this. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gatherers as builtInGatherers, type ArtifactGatherer } from '../artifacts/index.js'
import type { ArtifactKind } from '../contracts/artifact.js'
import { messageOf, ProbityError } from '../contracts/errors.js'
import type { Metric } from '../contracts/metric.js'

/** A plugin module's default export. */
export type Plugin = {
  readonly metrics?: readonly Metric[]
  readonly gatherers?: readonly ArtifactGatherer<ArtifactKind>[]
  /** False for gatherers that need the network, or write files of their own: child processes then run without the confinement that keeps both from a hostile model. */
  readonly confined?: boolean
}

export type LoadedPlugins = {
  readonly metrics: readonly Metric[]
  readonly gatherers: readonly ArtifactGatherer<ArtifactKind>[]
  readonly urls: readonly string[]
  readonly hashes: readonly string[]
  /** Whether every plugin can do without network and files. */
  readonly confined: boolean
}

type Loaded = { readonly plugin: Plugin; readonly url: string; readonly hash: string }

/**
 * @param names paths relative to `folder` ("./my-metrics.mjs") or package names
 * @param builtIn the metrics whose ids are taken
 * @throws ProbityError for a module that cannot be imported, brings nothing, or brings what is incomplete or exists already
 */
export async function loadPlugins(names: readonly string[], folder: string, builtIn: readonly Metric[]): Promise<LoadedPlugins> {
  const loaded = await Promise.all(names.map((name) => loadPlugin(name, folder)))
  const taken = new Map<string, string>([...builtIn.map(({ id }) => id), ...builtInGatherers.map(({ kind }) => kind)].map((own) => [own, 'Probity']))
  loaded.forEach(({ plugin }, i) => {
    for (const name of [...(plugin.metrics ?? []).map(({ id }) => id), ...(plugin.gatherers ?? []).map(({ kind }) => kind)]) {
      const owner = taken.get(name)
      if (owner !== undefined) throw new ProbityError('plugin/taken', `Plugin ${names[i]} brings ${name}, which ${owner} brings already: which of them counts must not be a guess. Rename it.`)
      taken.set(name, `plugin ${names[i]}`)
    }
  })
  return {
    metrics: loaded.flatMap(({ plugin }) => plugin.metrics ?? []),
    gatherers: loaded.flatMap(({ plugin }) => plugin.gatherers ?? []),
    urls: loaded.map(({ url }) => url),
    hashes: loaded.map(({ hash }) => hash),
    confined: loaded.every(({ plugin }) => plugin.confined !== false),
  }
}

async function loadPlugin(name: string, folder: string): Promise<Loaded> {
  const { file, module } = await importPlugin(name, folder)
  return { plugin: checkPlugin(name, module.default), url: pathToFileURL(file).href, hash: createHash('sha256').update(readFileSync(file)).digest('hex') }
}

async function importPlugin(name: string, folder: string): Promise<{ file: string; module: { readonly default?: unknown } }> {
  try {
    const file = name.startsWith('.') ? resolve(folder, name) : createRequire(join(folder, 'package.json')).resolve(name)
    return { file, module: (await import(pathToFileURL(file).href)) as { readonly default?: unknown } }
  } catch (cause) {
    throw new ProbityError('plugin/load', `Plugin ${name} could not be loaded: ${messageOf(cause)}. Paths are relative to the configuration and start with "./".`, { cause })
  }
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isList = (value: unknown) => Array.isArray(value)
const isFunction = (value: unknown) => typeof value === 'function'
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

/** What planning, judging and reports read of a metric, so that a field that is missing is said here and not met there. */
const METRIC_FIELDS: Readonly<Record<Exclude<keyof Metric, 'ideal' | '__metric'>, (value: unknown) => boolean>> = {
  id: (id) => typeof id === 'string' && /^[^/]+\/.+$/.test(id),
  title: isText, question: isText, formula: isText, meaning: isText, unit: isText,
  range: (range) => Array.isArray(range) && range.length === 2 && range.every((end) => typeof end === 'number'),
  direction: (direction) => ['higher-is-better', 'lower-is-better', 'none'].includes(direction as string),
  references: isList, limits: isList, needs: isList,
  per: (per) => per === 'sensitive-column' || per === 'audit',
  needsDirection: (flag) => typeof flag === 'boolean',
  judged: (flag) => typeof flag === 'boolean',
  parameters: isRecord,
  requires: isFunction, evaluate: isFunction,
}
const GATHERER_FIELDS = { kind: isText, dependsOn: isFunction, plan: isFunction, gather: isFunction, combine: isFunction } as const

function checkPlugin(name: string, plugin: unknown): Plugin {
  const { metrics = [], gatherers = [], confined = true } = (isRecord(plugin) ? plugin : {}) as { metrics?: unknown; gatherers?: unknown; confined?: unknown }
  if (!Array.isArray(metrics) || !Array.isArray(gatherers) || metrics.length + gatherers.length === 0) {
    throw new ProbityError('plugin/empty', `Plugin ${name} brings nothing: its default export must be { metrics: [ … ] } or { gatherers: [ … ] }, each a list.`)
  }
  if (typeof confined !== 'boolean') throw new ProbityError('plugin/confined', `Plugin ${name}: confined must be true or false. Leave it out unless a gatherer needs the network.`)
  checkEach(name, 'metric', metrics, METRIC_FIELDS, 'Make metrics with defineMetric, whose type names every field.')
  checkEach(name, 'gatherer', gatherers, GATHERER_FIELDS, 'The type ArtifactGatherer names every field.')
  return { metrics: metrics as Metric[], gatherers: gatherers as ArtifactGatherer<ArtifactKind>[], confined }
}

function checkEach(plugin: string, what: string, items: readonly unknown[], fields: Readonly<Record<string, (value: unknown) => boolean>>, advice: string): void {
  items.forEach((item, i) => {
    const record = isRecord(item) ? item : {}
    const wrong = Object.keys(fields).find((field) => !fields[field](record[field]))
    if (wrong !== undefined) throw new ProbityError(`plugin/${what}`, `Plugin ${plugin}: ${what} ${isText(record['id']) ? String(record['id']) : i + 1} lacks ${wrong}, or has it in another form. ${advice}`)
  })
}
