/** @file COVERAGE.md says what the sources say. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { test } from 'vitest'

test('COVERAGE.md is current', async () => {
  // In a process of its own: the script loads sources and tests as plain Node does.
  await promisify(execFile)(process.execPath, ['scripts/write-coverage.mjs', '--check'])
}, 120_000)
