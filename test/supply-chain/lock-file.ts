/** @file package-lock.json as the tests of the supply chain read it. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

export type LockEntry = {
  readonly name?: string
  readonly version: string
  readonly resolved?: string
  readonly integrity?: string
  readonly license?: string
  readonly link?: boolean
  readonly inBundle?: boolean
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly peer?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T

const { packages } = readJson<{ packages: Record<string, LockEntry> }>('package-lock.json')

export const root = packages['']!
/** Every package by its place, without the project itself. */
export const locked: readonly (readonly [path: string, entry: LockEntry])[] = Object.entries(packages).filter(([path]) => path !== '')
/** What is installed with the product. */
export const product = locked.filter(([, entry]) => !entry.dev && !entry.devOptional && !entry.peer)

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
