/**
 * Writes the bill of materials of the product, without what only its development needs: sbom/probity-<version>.cdx.json (CycloneDX 1.5) and
 * sbom/probity-<version>.spdx.json (SPDX 2.3). The same lock file, date and npm give the same bytes; the date is SOURCE_DATE_EPOCH, else the last commit's.
 *
 *   node scripts/sbom.mjs [folder]
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const target = resolve(process.argv[2] ?? join(root, 'sbom'))
const { name, version, description, license, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

// `npm sbom --omit dev` leaves out dependencies that development shares with the product, ajv and yaml among them. So npm sees the product alone.
const folder = mkdtempSync(join(tmpdir(), 'probity-sbom-'))
try {
  const product = { name, version, description, license, dependencies }
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const needed = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional && !entry.peer)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(product))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ name, version, lockfileVersion: lock.lockfileVersion, packages: { '': product, ...Object.fromEntries(needed) } }))
  mkdirSync(target, { recursive: true })
  write('cdx', reproducibleCycloneDx(listed('cyclonedx')))
  write('spdx', reproducibleSpdx(listed('spdx')))
} finally {
  rmSync(folder, { recursive: true })
}

function listed(format) {
  const args = ['sbom', '--package-lock-only', `--sbom-format=${format}`, '--sbom-type=application']
  return JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 26, shell: process.platform === 'win32' }))
}

/** npm names the product after its folder, and draws a new serial number each time. */
function reproducibleCycloneDx(bom) {
  bom.metadata.timestamp = date()
  bom.metadata.component.name = name
  bom.components.sort(by((component) => component['bom-ref']))
  bom.dependencies.sort(by((dependency) => dependency.ref))
  delete bom.serialNumber
  const { $schema, bomFormat, specVersion, ...rest } = bom
  return { $schema, bomFormat, specVersion, serialNumber: `urn:uuid:${uuidOf(bom)}`, ...rest }
}

function reproducibleSpdx(document) {
  document.creationInfo.created = date()
  document.packages.sort(by((one) => one.SPDXID))
  document.relationships.sort(by((one) => JSON.stringify(one)))
  delete document.documentNamespace
  return { ...document, documentNamespace: `https://spdx.org/spdxdocs/${name}-${version}-${uuidOf(document)}` }
}

function write(format, document) {
  const path = join(target, `${name}-${version}.${format}.json`)
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`)
  console.log(path)
}

/** Version 8 of RFC 9562: bits of the content's own hash. */
function uuidOf(document) {
  const hash = createHash('sha256').update(JSON.stringify(document)).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}

function date() {
  const seconds = process.env.SOURCE_DATE_EPOCH ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim()
  // SPDX knows no fractions of seconds.
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

function by(key) {
  return (a, b) => (key(a) < key(b) ? -1 : 1)
}
