/** @file Finds TensorFlow.js' packages: beside Probity, or in the folder that PROBITY_MODULES names. All of them are optional. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import type * as Tf from '@tensorflow/tfjs'
import { messageOf, ProbityError } from '../../contracts/errors.js'
import type { Backend } from '../../contracts/model.js'

export type TfPackage = typeof Tf
/** What the packages with TensorFlow inside add. */
export type TfNodePackage = TfPackage & {
  readonly node: {
    loadSavedModel(path: string): Promise<Tf.InferenceModel & { dispose(): void }>
    getMetaGraphsFromSavedModel(path: string): Promise<Tf.MetaGraph[]>
  }
}

/** The package that a backend comes with. */
export const PACKAGE_OF: Readonly<Record<Backend, string>> = {
  'node-gpu': '@tensorflow/tfjs-node-gpu', node: '@tensorflow/tfjs-node', webgpu: '@tensorflow/tfjs-backend-webgpu', wasm: '@tensorflow/tfjs-backend-wasm', cpu: '@tensorflow/tfjs',
}

export type FoundPackage = { readonly folder: string; readonly entry: string; readonly version: string; load(): unknown }

/**
 * @returns null where the package is not installed, or where something else lies under its name: package managers can be told to put plain
 * TensorFlow.js in the place of tfjs-node, so the name in package.json decides
 */
export function findPackage(name: string): FoundPackage | null {
  for (const require of roots()) {
    const manifest = resolveFrom(require, `${name}/package.json`)
    if (manifest === null) continue
    const stated = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string; version?: string }
    if (stated.name !== name) continue
    const entry = require.resolve(name)
    return { folder: dirname(manifest), entry, version: stated.version ?? '', load: () => loadFrom(require, name) }
  }
  return null
}

function roots(): NodeJS.Require[] {
  const named = process.env['PROBITY_MODULES']
  const own = createRequire(import.meta.url)
  return named ? [own, createRequire(join(resolve(named), 'package.json'))] : [own]
}

function resolveFrom(require: NodeJS.Require, id: string): string | null {
  try {
    return require.resolve(id)
  } catch {
    return null
  }
}

function loadFrom(require: NodeJS.Require, name: string): unknown {
  try {
    return require(name)
  } catch (error) {
    throw new ProbityError('engine/missing', `${name} is installed and could not be loaded: ${messageOf(error)}. Install it again: npm install ${name}.`, { cause: error })
  }
}
