/** @file Kinds of artifacts that plugins bring into a child. */
import type { ArtifactGatherer } from '../artifacts/kind.js'
import type { ArtifactKind } from '../contracts/artifact.js'

type PluginModule = { readonly default?: { readonly gatherers?: readonly ArtifactGatherer<ArtifactKind>[] } }

/** @param urls absolute file URLs of modules whose default export may have `gatherers` */
export async function loadGatherers(urls: readonly string[]): Promise<ArtifactGatherer<ArtifactKind>[]> {
  const modules = await Promise.all(urls.map((url) => import(url) as Promise<PluginModule>))
  return modules.flatMap((module) => module.default?.gatherers ?? [])
}
