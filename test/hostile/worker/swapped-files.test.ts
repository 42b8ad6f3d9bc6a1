/** @file Files that change while they are audited: what was hashed is what is decoded and run, at whichever step the originals change. */
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openWorkspace, prepareData, prepareModel, type Workspace } from '../../../src/artifacts/index.js'
import { fixture } from '../../e2e/run-cli.js'

const WORKER = new URL('../../../dist/src/worker/main.js', import.meta.url)
let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'swapped-'))
  for (const name of ['external.onnx', 'external.weights']) copyFileSync(fixture(`engine/${name}`), join(home, name))
  writeFileSync(join(home, 'data.csv'), DATA)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const DATA = 'a,b,c,d,label\n1,2,3,4,0\n4,3,2,1,1\n0,0,1,0,2\n'
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
const ORIGINAL = {
  'external.onnx': sha256(readFileSync(fixture('engine/external.onnx'))),
  'external.weights': sha256(readFileSync(fixture('engine/external.weights'))),
  'data.csv': sha256(DATA),
}

/** Prepares data and model; before job number `step`, all originals become something else. */
async function prepare(step: number) {
  const workspace = await openWorkspace({ workerUrl: WORKER, cacheFolder: null, cache: false, onWarning: () => undefined })
  let jobs = 0
  const run: Workspace['jobs']['run'] = (job, deadlineMs) => {
    if (jobs++ === step) for (const name of Object.keys(ORIGINAL)) writeFileSync(join(home, name), readFileSync(fixture('models/hmda-logistic.onnx')))
    return workspace.jobs.run(job, deadlineMs)
  }
  const watched: Workspace = { ...workspace, jobs: { ...workspace.jobs, run } }
  try {
    const path = join(home, 'data.csv')
    const data = await prepareData({ path, config: { path, label: 'label' }, model: { path: join(home, 'external.onnx') }, seed: 0 }, watched)
    const model = await prepareModel({ data }, watched)
    return { jobs, rows: data.view.rows, hashes: { 'external.onnx': model.sha256, 'external.weights': model.externalFiles[0]!.sha256, 'data.csv': data.sha256 }, summary: JSON.stringify(model.summary) }
  } finally {
    await workspace.close()
  }
}

describe('an audit of files that change', { timeout: 120_000 }, () => {
  it('names by its hash what it ran, or says in one line what is wrong', async () => {
    const calm = await prepare(Infinity)
    expect(calm.hashes).toEqual(ORIGINAL)
    const outcomes: string[] = []
    for (let step = 0; step < calm.jobs; step++) {
      for (const name of ['external.onnx', 'external.weights']) copyFileSync(fixture(`engine/${name}`), join(home, name))
      writeFileSync(join(home, 'data.csv'), DATA)
      outcomes.push(await prepare(step).then(
        ({ hashes, summary }) => {
          expect(hashes).toEqual(ORIGINAL)
          expect(summary).toBe(calm.summary)
          return 'as hashed'
        },
        (error: { name: string; message: string }) => {
          expect(error.name).toBe('ProbityError')
          return error.message
        },
      ))
    }
    // Before its weights and data are copied they are others, which is a mistake to be told; afterwards nothing matters.
    expect(outcomes.at(-1)).toBe('as hashed')
    expect(outcomes.filter((outcome) => outcome !== 'as hashed')).not.toContainEqual(expect.stringMatching(/\n/))
    expect(outcomes[0]).not.toBe('as hashed')
  })
})
