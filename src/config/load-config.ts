/** @file Finds and reads probity.config.*; paths in it are relative to its folder. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProbityConfig } from '../contracts/config.js'
import { messageOf, ProbityError } from '../contracts/errors.js'
import { validateConfig, type Locate } from './validate-config.js'

const NAMES = ['yaml', 'yml', 'json', 'ts', 'mts', 'js', 'mjs'].map((extension) => `probity.config.${extension}`)
const CODE = new Set(['.ts', '.mts', '.js', '.mjs'])
const MAX_BYTES = 2 ** 20

export type LoadedConfig = { readonly config: ProbityConfig; readonly file: string }

/** The one config file of a folder, or null. Several are an error: which one counts must not be a guess. */
export function findConfig(folder: string): string | null {
  const found = NAMES.filter((name) => existsSync(join(folder, name)))
  if (found.length > 1) throw new ProbityError('config/ambiguous', `${folder} has ${found.join(' and ')}. Name the one to use: probity audit ${found[0]}`)
  return found.length === 1 ? join(folder, found[0]) : null
}

/**
 * Reads and checks a configuration; `path`s in it become absolute.
 *
 * @throws ProbityError with file, line and field
 */
export async function loadConfig(path: string, options: { allowCode: boolean }): Promise<LoadedConfig> {
  const file = resolve(path)
  const { value, locate } = await readConfig(file, options)
  const config = validateConfig(value, path, locate)
  if (!options.allowCode && config.plugins?.length) {
    throw new ProbityError('config/no-code', `${path}: plugins are code, and --no-code refuses code. Remove plugins, or drop --no-code for a configuration you trust.`)
  }
  return { config: withAbsolutePaths(config, dirname(file)), file }
}

export function withAbsolutePaths(config: ProbityConfig, folder: string): ProbityConfig {
  const absolute = (path: string) => (isAbsolute(path) ? path : join(folder, path))
  return {
    ...config,
    data: { ...config.data, path: absolute(config.data.path), ...(config.data.images?.folder !== undefined && { images: { ...config.data.images, folder: absolute(config.data.images.folder) } }) },
    ...(config.model && { model: { ...config.model, path: absolute(config.model.path) } }),
  }
}

async function readConfig(file: string, { allowCode }: { allowCode: boolean }): Promise<{ value: unknown; locate: Locate }> {
  if (!existsSync(file) || !statSync(file).isFile()) throw new ProbityError('config/missing', `No configuration at ${file}. Give --model and --data, or the path of a probity.config.yaml.`)
  const extension = extname(file)
  if (CODE.has(extension)) {
    if (!allowCode) throw new ProbityError('config/no-code', `${file} is code, and --no-code refuses code. Use a YAML or JSON configuration.`)
    return { value: await importConfig(file), locate: () => null }
  }
  if (statSync(file).size > MAX_BYTES) throw new ProbityError('config/too-large', `${file} is larger than ${MAX_BYTES / 2 ** 20} MiB, which no configuration is.`)
  const { isNode, LineCounter, parseDocument } = await import('yaml')
  const text = readFileSync(file, 'utf8')
  const { excessOf } = await import('./refuse-excess.js')
  const excess = excessOf(text)
  if (excess !== null) throw new ProbityError('config/excess', `${file}, ${excess}, which no configuration needs. Simplify it there.`)
  // JSON is read as YAML too: one parser, and line numbers for both.
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, uniqueKeys: true })
  const [error] = document.errors
  if (error) throw new ProbityError('config/syntax', `${file}, line ${error.linePos?.[0].line ?? '?'}: ${error.message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '')}. Correct the YAML or JSON there.`)
  const locate: Locate = (path) => {
    const node = document.getIn(path, true)
    return isNode(node) && node.range ? lines.linePos(node.range[0]).line : null
  }
  try {
    return { value: document.toJS({ maxAliasCount: 50 }), locate }
  } catch (cause) {
    throw new ProbityError('config/syntax', `${file}: ${messageOf(cause)}`, { cause })
  }
}

async function importConfig(file: string): Promise<unknown> {
  try {
    const { createJiti } = await import('jiti')
    return await createJiti(pathToFileURL(file).href).import(file, { default: true })
  } catch (cause) {
    throw new ProbityError('config/code', `${file} could not be run: ${messageOf(cause)}`, { cause })
  }
}
