/** @file Writes report files so that a reader never finds half of one. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { messageOf, ProbityError } from '../contracts/errors.js'
import type { Report } from '../contracts/report.js'
import { reporters, type Format } from '../../reports/index.js'
import { nearest } from '../contracts/near-names.js'

/** Each format once, in order. */
export function checkFormats(names: readonly string[]): Format[] {
  const known = Object.keys(reporters)
  for (const name of names) {
    if (!known.includes(name)) throw new ProbityError('usage/format', `--format ${name} is not a format. ${nearest(name, known)}`)
  }
  return [...new Set(names as Format[])]
}

/** Makes the folder first of all: finding out after an hour's audit that it cannot be written would lose the hour. */
export function prepareFolder(folder: string): void {
  try {
    makeFolder(folder)
    const probe = join(folder, `.probity-${randomBytes(6).toString('hex')}`)
    closeSync(openSync(probe, 'wx'))
    rmSync(probe)
  } catch (cause) {
    throw new ProbityError('usage/out', `${folder} cannot be written: ${reasonOf(cause)}. Choose another folder with --out.`, { cause })
  }
}

/** The system's word without the call and the path, which the message names already and which may be long. */
const reasonOf = (cause: unknown): string => messageOf(cause).replace(/, \w+ '.*$/, '')

/** Node says of a read-only disk that something does not exist; making the first missing folder alone finds the true reason. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    let missing = folder
    while (!existsSync(dirname(missing))) missing = dirname(missing)
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') mkdirSync(missing)
    throw error
  }
}

/** All formats are rendered before the first is written. Gives the paths, in order. */
export function writeReports(report: Report, { folder, formats, showSmall }: { folder: string; formats: readonly Format[]; showSmall: boolean }): string[] {
  const rendered = formats.map((format) => ({ file: join(folder, reporters[format].fileName), text: reporters[format].render(report, { showSmall }) }))
  prepareFolder(folder)
  const temporaries: string[] = []
  try {
    // All are on the disk before the first takes its place, so that what was there before stays whole when there is no room.
    for (const { file, text } of rendered) temporaries.push(writeBeside(file, text))
    rendered.forEach(({ file }, i) => replace(file, temporaries[i]!))
  } finally {
    for (const temporary of temporaries) rmSync(temporary, { force: true })
  }
  return rendered.map(({ file }) => file)
}

function writeBeside(file: string, text: string): string {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const descriptor = openSync(temporary, 'wx', 0o644)
    try {
      writeFileSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    return temporary
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw unwritable(file, cause)
  }
}

function replace(file: string, temporary: string): void {
  try {
    renameSync(temporary, file)
  } catch (cause) {
    throw unwritable(file, cause)
  }
}

const unwritable = (file: string, cause: unknown): ProbityError =>
  new ProbityError('usage/out', `${file} cannot be written: ${reasonOf(cause)}. Free the disk or choose another folder with --out.`, { cause })
