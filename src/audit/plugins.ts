/** @file Plugins: modules named in the configuration that bring metrics and artifact gatherers. Trusted code, refused by --no-code before this. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ArtifactGatherer } from '../artifacts/index.js'
import type { ArtifactKind } from '../contracts/artifact.js'
import { messageOf, ProbityError } from '../contracts/errors.js'
import type { Metric } from '../contracts/metric.js'

/** A plugin module's default export. */
export type Plugin = { readonly metrics?: readonly Metric[]; readonly gatherers?: readonly ArtifactGatherer<ArtifactKind>[] }

export type LoadedPlugins = {
  readonly metrics: readonly Metric[]
  readonly gatherers: readonly ArtifactGatherer<ArtifactKind>[]
  readonly urls: readonly string[]
  readonly hashes: readonly string[]
}

/** @param names paths relative to `folder` ("./my-metrics.mjs") or package names */
export async function loadPlugins(names: readonly string[], folder: string): Promise<LoadedPlugins> {
  const loaded = await Promise.all(names.map((name) => loadPlugin(name, folder)))
  return { metrics: loaded.flatMap(({ metrics }) => metrics), gatherers: loaded.flatMap(({ gatherers }) => gatherers), urls: loaded.map(({ url }) => url), hashes: loaded.map(({ hash }) => hash) }
}

async function loadPlugin(name: string, folder: string): Promise<Pick<LoadedPlugins, 'metrics' | 'gatherers'> & { url: string; hash: string }> {
  try {
    const file = name.startsWith('.') ? resolve(folder, name) : createRequire(join(folder, 'package.json')).resolve(name)
    const url = pathToFileURL(file).href
    const { default: plugin } = (await import(url)) as { default?: Plugin }
    const metrics = plugin?.metrics ?? []
    for (const metric of metrics) {
      if (typeof metric.id !== 'string' || typeof metric.evaluate !== 'function') throw new ProbityError('plugin/metric', 'a metric without id or evaluate; make metrics with defineMetric')
    }
    return { metrics, gatherers: plugin?.gatherers ?? [], url, hash: createHash('sha256').update(readFileSync(file)).digest('hex') }
  } catch (cause) {
    throw new ProbityError('plugin/load', `Plugin ${name} could not be loaded: ${messageOf(cause)}. Paths are relative to the configuration and start with "./".`, { cause })
  }
}
