/**
 * @file Folders without room, without inodes, without permission or that are no folders: one line and exit code 2 where the audit needs them, a warning where
 * it does not, and in every case what was there before is still there.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Report } from '../../../src/contracts/report.js'
import { fixture } from '../../e2e/run-cli.js'

const MAIN = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url))
const NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount', '/bin/sh', '-c']
const canMount = process.platform === 'linux' && spawnSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'mount -n -t tmpfs none /mnt'], { stdio: 'ignore' }).status === 0
const whereMounts = it.skipIf(!canMount)

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hostile-disk-'))
  for (const name of ['disk', 'temporary']) mkdirSync(join(home, name))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

type Run = { readonly code: number | null; readonly stderr: string; readonly left: string }

/** An audit among shell commands: `before` may mount things that vanish with it, what `after` prints is `left`. */
function auditWith(flags: readonly string[], { before = 'true', after = 'true', environment = {} }: { before?: string; after?: string; environment?: NodeJS.ProcessEnv } = {}): Run {
  const script = `{ ${before}; } >/dev/null || exit 99; "$@" >/dev/null; code=$?; ${after}; exit $code`
  const audit = [process.execPath, MAIN, 'audit', '--model', fixture('models/hmda-logistic.onnx'), '--data', fixture('data/hmda-test.csv'), '--label', 'denied', '--positive', '1', '--favorable', '0', '--sensitive', 'black', '--format', 'json,html', ...flags]
  const [program, ...rest] = [...(canMount ? NAMESPACE : ['/bin/sh', '-c']), script, 'sh', ...audit]
  const env = { ...process.env, CI: '', NO_COLOR: '1', XDG_CONFIG_HOME: join(home, 'config'), XDG_CACHE_HOME: join(home, 'cache'), TMPDIR: join(home, 'temporary'), ...environment }
  const { status, stdout, stderr } = spawnSync(program!, rest, { cwd: home, env, encoding: 'utf8' })
  return { code: status, stderr, left: stdout }
}

const oneLine = ({ stderr }: Run): string => {
  const lines = stderr.trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(stderr).not.toMatch(/unexpected failure|\n\s+at /)
  return lines[0]!
}
const report = (): Report => JSON.parse(readFileSync(join(home, 'out/report.json'), 'utf8')) as Report

describe('an audit', { timeout: 120_000 }, () => {
  whereMounts('whose temporary folder has no room for the files is one line', () => {
    const run = auditWith(['--out', 'out', '--no-cache'], { before: 'mount -n -t tmpfs -o size=16k none temporary', after: 'ls -A temporary; ls -A out' })
    expect(run).toMatchObject({ code: 2, left: '' })
    expect(oneLine(run)).toMatch(/private copy .* cannot be written .*ENOSPC.*TMPDIR/)
  })

  whereMounts('whose temporary folder has room for the files but not for all results says which are missing', () => {
    const run = auditWith(['--out', 'out', '--no-cache'], { before: 'mount -n -t tmpfs -o size=300k none temporary', after: 'ls -A temporary' })
    expect(run).toMatchObject({ code: 2, left: '' })
    expect(report().results.flatMap(({ reason, status }) => (status === 'error' ? [reason] : []))).toContainEqual(expect.stringMatching(/^Gathering .* found no room left in the temporary folder .*TMPDIR/))
  })

  whereMounts('whose temporary folder has no inodes is one line', () => {
    const run = auditWith(['--out', 'out', '--no-cache'], { before: 'mount -n -t tmpfs -o nr_inodes=4 none temporary', after: 'ls -A temporary; ls -A out' })
    expect(run).toMatchObject({ code: 2, left: '' })
    expect(oneLine(run)).toMatch(/ENOSPC.*TMPDIR/)
  })

  whereMounts('whose report finds no room keeps both earlier reports whole', () => {
    const before = 'mount -n -t tmpfs -o size=64k none disk && echo earlier >disk/report.json && echo earlier >disk/report.html && { head -c 40960 /dev/zero >disk/filler; }'
    const run = auditWith(['--out', 'disk', '--no-cache'], { before, after: 'ls -A disk; cat disk/report.json disk/report.html' })
    expect(run).toMatchObject({ code: 2, left: 'filler\nreport.html\nreport.json\nearlier\nearlier\n' })
    expect(oneLine(run)).toMatch(/disk\/report\.(json|html) cannot be written: ENOSPC.*--out/)
  })

  whereMounts('whose cache runs full goes on, and says so once', () => {
    const run = auditWith(['--out', 'out', '--cache', 'disk'], { before: 'mount -n -t tmpfs -o size=8k none disk', after: "find disk -name '*.tmp'" })
    expect(run).toMatchObject({ code: 0, left: '' })
    expect(oneLine(run)).toMatch(/The cache folder .*disk cannot be written: ENOSPC.*goes on without keeping/)
    expect(report().run.warnings).toHaveLength(1)
  })

  whereMounts('whose cache is read-only goes on, and says so once', () => {
    const run = auditWith(['--out', 'out', '--cache', 'disk'], { before: 'mount -n --bind disk disk && mount -n -o remount,bind,ro disk' })
    expect(run.code).toBe(0)
    expect(oneLine(run)).toMatch(/The cache folder .*disk cannot be written: EROFS.*goes on without keeping/)
  })

  whereMounts('whose settings folder is read-only goes on without a cache, and says so once', () => {
    const run = auditWith(['--out', 'out'], { before: 'mount -n --bind disk disk && mount -n -o remount,bind,ro disk', environment: { XDG_CONFIG_HOME: join(home, 'disk'), XDG_CACHE_HOME: join(home, 'disk') } })
    expect(run.code).toBe(0)
    expect(oneLine(run)).toMatch(/key of the cache cannot be read or made.*keeps no intermediate results/)
    expect(report().run.changedSincePreviousAudit).toBeNull()
  })

  whereMounts('whose report folder is read-only is one line', () => {
    const run = auditWith(['--out', 'disk/report', '--no-cache'], { before: 'mount -n --bind disk disk && mount -n -o remount,bind,ro disk' })
    expect(run.code).toBe(2)
    expect(oneLine(run)).toMatch(/cannot be written: EROFS.*--out/)
  })

  it.each([
    ['a file', 'file', /cannot be written: EEXIST.*--out/],
    ['below a file', 'file/report', /cannot be written: ENOTDIR.*--out/],
    ['a link to nowhere', 'dangling', /cannot be written: (EEXIST|ENOENT).*--out/],
    ['too long a name', 'x'.repeat(300), /cannot be written: ENAMETOOLONG.*--out/],
    ['too long a path', Array.from({ length: 100 }, () => 'y'.repeat(100)).join('/'), /cannot be written: ENAMETOOLONG.*--out/],
  ])('whose --out is %s is one line', (_what, out, message) => {
    writeFileSync(join(home, 'file'), 'kept')
    symlinkSync('nowhere/at/all', join(home, 'dangling'))
    const run = auditWith(['--out', out, '--no-cache'])
    expect(run.code).toBe(2)
    expect(oneLine(run)).toMatch(message)
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('kept')
    expect(readdirSync(join(home, 'temporary'))).toEqual([])
  })

  it('makes the folders of --out, and follows a link to a folder', () => {
    symlinkSync('disk', join(home, 'link'))
    expect(auditWith(['--out', 'link/deep/er', '--no-cache'])).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(join(home, 'disk/deep/er')).sort()).toEqual(['report.html', 'report.json'])
  })

  it('replaces a report that is a link, and leaves what it led to', () => {
    mkdirSync(join(home, 'out'))
    writeFileSync(join(home, 'file'), 'kept')
    symlinkSync('../file', join(home, 'out/report.json'))
    expect(auditWith(['--out', 'out', '--no-cache']).code).toBe(0)
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('kept')
    expect(report().schemaVersion).toBeDefined()
  })

  it('whose temporary folder does not exist, or is a file, is one line', () => {
    writeFileSync(join(home, 'file'), 'kept')
    for (const TMPDIR of [join(home, 'nowhere'), join(home, 'file')]) {
      const run = auditWith(['--out', 'out', '--no-cache'], { environment: { TMPDIR } })
      expect(run.code).toBe(2)
      expect(oneLine(run)).toMatch(/The temporary folder .* cannot be used: (ENOENT|ENOTDIR).*TMPDIR/)
    }
  })

  it('whose cache folder is a file is one line', () => {
    writeFileSync(join(home, 'file'), 'kept')
    const run = auditWith(['--out', 'out', '--cache', 'file'])
    expect(run.code).toBe(2)
    expect(oneLine(run)).toMatch(/The cache folder .*file cannot be made: EEXIST.*--cache DIR/)
  })
})
