import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { locked, nameOf, product, readJson, root, ROOT, type LockEntry } from './lock-file.js'

type Manifest = { readonly dependencies: Record<string, string>; readonly devDependencies: Record<string, string>; readonly peerDependencies: Record<string, string>; readonly peerDependenciesMeta: Record<string, { optional?: boolean }>; readonly scripts: Record<string, string> }
const manifest = readJson<Manifest>('package.json')

/** Ranges of the registry, and its aliases; no git, no URL, no file, no link. */
const REGISTRY = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?[\^~<>=\sv\d.*xX|a-zA-Z+-]*$/

const wantedBy = ({ dependencies, optionalDependencies, peerDependencies, devDependencies }: LockEntry) =>
  Object.entries({ ...dependencies, ...optionalDependencies, ...peerDependencies, ...devDependencies })

describe('package-lock.json', () => {
  it('pins the content of every package by sha512', () => {
    expect(locked.length).toBeGreaterThan(100)
    expect(locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')).map(([path]) => path)).toEqual([])
  })

  it('names no place to fetch from but the registry that npm is set up with', () => {
    expect(locked.filter(([, { resolved, link, inBundle }]) => (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')) || link || inBundle).map(([path]) => path)).toEqual([])
  })

  it('agrees with package.json, so that npm ci installs what is locked', () => {
    expect(root.dependencies).toEqual(manifest.dependencies)
    expect(root.devDependencies).toEqual(manifest.devDependencies)
    expect(root.peerDependencies).toEqual(manifest.peerDependencies)
  })
})

describe('dependencies of the product', () => {
  it('come from the registry, all the way down', () => {
    const foreign = [['package.json', root] as const, ...product].flatMap(([path, entry]) => Object.entries({ ...entry.dependencies, ...entry.optionalDependencies }).filter(([, range]) => !REGISTRY.test(range)).map(([name, range]) => `${path}: ${name} ${range}`))
    expect(foreign).toEqual([])
    expect(REGISTRY.test('github:someone/something')).toBe(false)
    expect(REGISTRY.test('https://cdn.sheetjs.com/xlsx-0.19.3/xlsx-0.19.3.tgz')).toBe(false)
    expect(REGISTRY.test('file:../x')).toBe(false)
  })

  it('are locked, each of them', () => {
    const names = new Set(product.map(([path]) => nameOf(path)))
    expect([root, ...product.map(([, entry]) => entry)].flatMap(({ dependencies }) => Object.keys(dependencies ?? {})).filter((name) => !names.has(name))).toEqual([])
  })

  it('are exactly these few: a new one is a decision', () => {
    expect(Object.keys(manifest.dependencies)).toEqual([
      '@bufbuild/protobuf', '@duckdb/node-api', 'ajv', 'ajv-formats', 'commander', 'fastest-levenshtein', 'fflate', 'handlebars', 'jiti',
      'onnxruntime-common', 'onnxruntime-node', 'picocolors', 'yaml',
    ])
  })

  it('need no install script: the one that there is fetches a CUDA build, and scripts stay off', () => {
    expect(product.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path))).toEqual(['onnxruntime-node'])
    expect(readFileSync(join(ROOT, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m)
    // Scripts of the project itself would run on the machines of those who install it.
    expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?(install|prepare|publish)/.test(name))).toEqual([])
  })

  it('leave every peer to the user', () => {
    for (const name of Object.keys(manifest.peerDependencies)) expect(manifest.peerDependenciesMeta[name], name).toEqual({ optional: true })
    expect(product.map(([path]) => nameOf(path)).filter((name) => name in manifest.peerDependencies)).toEqual([])
  })
})

describe('overrides, which do not reach those who install the product', () => {
  it('are of development alone', () => {
    const { overrides } = readJson<{ overrides: Record<string, unknown> }>('package.json')
    const names = new Set(product.map(([path]) => nameOf(path)))
    expect(Object.keys(overrides).filter((name) => names.has(name))).toEqual([])
  })

  it('leave no package that development fetches from outside the registry', () => {
    const overridden = new Set(['xlsx'])
    const foreign = locked.flatMap(([path, entry]) => wantedBy({ ...entry, devDependencies: {} }).filter(([name, range]) => !REGISTRY.test(range) && !overridden.has(name)).map(([name, range]) => `${path}: ${name} ${range}`))
    expect(foreign).toEqual([])
    expect(locked.find(([path]) => path === 'node_modules/xlsx')?.[1].name).toBe('@e965/xlsx')
  })
})

describe('licences', () => {
  /** Permissive: use, change and pass on, with the notice. */
  const PERMISSIVE = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'CC0-1.0', 'ISC', 'MIT', 'Unlicense'])
  /** SPDX expressions without brackets inside brackets: all of AND, one of OR. */
  const isPermissive = (expression: string): boolean =>
    expression.replace(/^\((.*)\)$/, '$1').split(' OR ').some((choice) => choice.split(' AND ').every((id) => PERMISSIVE.has(id)))

  it('of all dependencies of the product are named and permissive', () => {
    expect(product.filter(([, { license }]) => license === undefined || !isPermissive(license)).map(([path, { license }]) => `${nameOf(path)}: ${license}`)).toEqual([])
    expect(isPermissive('(MIT AND GPL-3.0-only)')).toBe(false)
    expect(isPermissive('LGPL-3.0-or-later')).toBe(false)
    expect(isPermissive('(GPL-2.0 OR MIT)')).toBe(true)
  })

  it('are as the installed packages state them, and come with their text', () => {
    const installed = product.filter(([path]) => existsSync(join(ROOT, path, 'package.json')))
    expect(installed.length).toBeGreaterThan(20)
    const withoutText = installed.filter(([path, { license }]) => {
      expect((readJson<{ license: string }>(join(path, 'package.json'))).license, path).toBe(license)
      return !readdirSync(join(ROOT, path)).some((file) => /^(licen[cs]e|notice)/i.test(file))
    })
    // Their repositories hold the text; their packages name the licence in package.json.
    expect(withoutText.map(([path]) => nameOf(path)).sort()).toEqual(['@bufbuild/protobuf', 'onnxruntime-common', 'onnxruntime-node'])
  })

  it('of the product travel with its package', () => {
    expect(readFileSync(join(ROOT, 'LICENSE'), 'utf8')).toMatch(/Apache License\s+Version 2\.0/)
    const { files, license } = readJson<{ files: string[]; license: string }>('package.json')
    expect(license).toBe('Apache-2.0')
    expect(files).toContain('NOTICE')
  })

  it('of files that come from elsewhere are in NOTICE', () => {
    const notice = readFileSync(join(ROOT, 'NOTICE'), 'utf8')
    const named = [...notice.matchAll(/(?:src|test|examples)\/[\w./-]*[\w]/g)].map(([path]) => path)
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    for (const folder of readdirSync(join(ROOT, 'examples'))) {
      if (readdirSync(join(ROOT, 'examples', folder)).some((file) => file.endsWith('.csv'))) expect(notice, `data of examples/${folder}`).toContain(`examples/${folder}`)
    }
  })
})
