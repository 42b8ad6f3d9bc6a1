import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nameOf, product, readJson, ROOT } from './lock-file.js'

type CycloneDx = {
  readonly bomFormat: string
  readonly specVersion: string
  readonly serialNumber: string
  readonly version: number
  readonly metadata: { readonly timestamp: string; readonly component: { readonly 'bom-ref': string; readonly name: string; readonly version: string } }
  readonly components: readonly { readonly 'bom-ref': string; readonly type: string; readonly name: string; readonly version: string; readonly purl: string; readonly scope: string; readonly hashes: readonly { readonly alg: string; readonly content: string }[]; readonly licenses: readonly unknown[] }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}
type Spdx = {
  readonly spdxVersion: string
  readonly dataLicense: string
  readonly documentNamespace: string
  readonly creationInfo: { readonly created: string }
  readonly packages: readonly { readonly SPDXID: string; readonly name: string; readonly versionInfo: string; readonly licenseDeclared: string; readonly downloadLocation: string }[]
  readonly relationships: readonly { readonly spdxElementId: string; readonly relatedSpdxElement: string; readonly relationshipType: string }[]
}

const folder = mkdtempSync(join(tmpdir(), 'probity-sbom-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { version } = readJson<{ version: string }>('package.json')
const make = (into: string): { cdx: string; spdx: string } => {
  const target = join(folder, into)
  execFileSync(process.execPath, [join(ROOT, 'scripts/sbom.mjs'), target], { env: { ...process.env, SOURCE_DATE_EPOCH: '1764000000' }, stdio: ['ignore', 'ignore', 'pipe'] })
  const read = (format: string) => readFileSync(join(target, `probity-${version}.${format}.json`), 'utf8')
  return { cdx: read('cdx'), spdx: read('spdx') }
}

let made: { cdx: string; spdx: string }
let cdx: CycloneDx
let spdx: Spdx
beforeAll(() => {
  made = make('first')
  cdx = JSON.parse(made.cdx) as CycloneDx
  spdx = JSON.parse(made.spdx) as Spdx
})

const expected = product.map(([path, entry]) => `${nameOf(path)}@${entry.version}`).sort()

describe('the bill of materials', () => {
  it('has the same bytes each time', () => {
    expect(make('second')).toEqual(made)
  })

  it('holds every package that is installed with the product, and no other', () => {
    expect(cdx.components.map(({ name, version: of }) => `${name}@${of}`).sort()).toEqual(expected)
    expect(spdx.packages.map(({ name, versionInfo }) => `${name}@${versionInfo}`).sort()).toEqual([...expected, `probity@${version}`].sort())
  })

  it('says what each package is, where it stands in the registry, its licence and the hash that is locked', () => {
    const locked = new Map(product.map(([path, entry]) => [`${nameOf(path)}@${entry.version}`, Buffer.from(entry.integrity!.slice('sha512-'.length), 'base64').toString('hex')]))
    for (const { name, version: of, purl, hashes, licenses, type, scope } of cdx.components) {
      expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${of}`)
      expect(hashes).toEqual([{ alg: 'SHA-512', content: locked.get(`${name}@${of}`) }])
      expect(licenses).toHaveLength(1)
      expect([type, ['required', 'optional'].includes(scope)]).toEqual(['library', true])
    }
    expect(spdx.packages.filter(({ licenseDeclared }) => licenseDeclared === 'NOASSERTION')).toEqual([])
  })

  it('in CycloneDX 1.5 has what its schema asks for, and references that lead somewhere', () => {
    expect([cdx.bomFormat, cdx.specVersion, cdx.version]).toEqual(['CycloneDX', '1.5', 1])
    expect(cdx.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
    expect(cdx.metadata.timestamp).toBe('2025-11-24T16:00:00Z')
    expect(cdx.metadata.component).toMatchObject({ name: 'probity', version })
    const references = new Set([cdx.metadata.component['bom-ref'], ...cdx.components.map((component) => component['bom-ref'])])
    expect(references.size).toBe(cdx.components.length + 1)
    expect(cdx.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((reference) => !references.has(reference))).toEqual([])
    const { dependencies } = readJson<{ dependencies: Record<string, string> }>('package.json')
    expect(cdx.dependencies.find(({ ref }) => ref === cdx.metadata.component['bom-ref'])?.dependsOn.map((reference) => reference.slice(0, reference.lastIndexOf('@'))).sort()).toEqual(Object.keys(dependencies).sort())
  })

  it('in SPDX 2.3 has what the specification asks for, and relationships between its packages', () => {
    expect([spdx.spdxVersion, spdx.dataLicense]).toEqual(['SPDX-2.3', 'CC0-1.0'])
    expect(spdx.creationInfo.created).toBe('2025-11-24T16:00:00Z')
    expect(spdx.documentNamespace).toMatch(/^https:\/\/spdx\.org\/spdxdocs\/probity-[^#]+$/)
    const ids = new Set(['SPDXRef-DOCUMENT', ...spdx.packages.map(({ SPDXID }) => SPDXID)])
    expect(ids.size).toBe(spdx.packages.length + 1)
    expect([...ids].filter((id) => !/^SPDXRef-[a-zA-Z0-9.-]+$/.test(id))).toEqual([])
    expect(spdx.relationships.flatMap(({ spdxElementId, relatedSpdxElement }) => [spdxElementId, relatedSpdxElement]).filter((id) => !ids.has(id))).toEqual([])
    expect(spdx.relationships.filter(({ relationshipType }) => relationshipType === 'DESCRIBES')).toHaveLength(1)
  })
})
