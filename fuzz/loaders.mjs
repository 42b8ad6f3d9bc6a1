/**
 * Mutates models, tables and configurations and feeds them to their readers in this process. Whatever happens must be a ProbityError: no other
 * exception, no input over the time limit, no change of Object.prototype. Graphs are mutated and differentiated after that.
 *
 *   npm run fuzz [runs per loader] [seed]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../dist/src/config/index.js'
import { ProbityError } from '../dist/src/contracts/errors.js'
import { readTable } from '../dist/src/data/index.js'
import { preflight, readModel, writeModel } from '../dist/src/graph/index.js'
import { randomStream } from '../dist/src/tensor/random.js'
import { fuzzGradients } from './gradients.mjs'

const [runs = 2000, seed = 0] = process.argv.slice(2).map(Number)
const LIMIT_MS = 2000
const root = fileURLToPath(new URL('../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'probity-fuzz-'))
const example = (path) => readFileSync(join(root, 'examples', path))

const LOADERS = {
  onnx: {
    seeds: [example('mortgage/hmda-mlp.onnx'), example('sklearn/hmda-logistic.onnx'), example('digits/digits-cnn.onnx')],
    load: (bytes) => {
      preflight(bytes)
      writeModel(readModel(bytes))
    },
  },
  csv: { seeds: [example('mortgage/hmda-test.csv').subarray(0, 2000), Buffer.from('a,"b ""x""",__proto__\r\n1,"2\r\n3",x\r\n')], load: file('t.csv', (path) => readTable(path)) },
  jsonl: { seeds: [Buffer.from('{"a":1,"__proto__":"x"}\n{"a":1e400,"b":null}\n')], load: file('t.jsonl', (path) => readTable(path)) },
  config: { seeds: [example('mortgage/probity.config.yaml'), example('digits/probity.config.yaml')], load: file('probity.config.yaml', (path) => loadConfig(path, { allowCode: false })) },
}

function file(name, load) {
  return async (bytes) => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    await load(path)
  }
}

/** Flips, inserts, deletes, repeats or cuts at a few places. */
function mutate(bytes, random, run) {
  let draw = 0
  const pick = (n) => Math.floor(random(run, draw++) * n)
  let mutated = Buffer.from(bytes)
  for (let edits = 1 + pick(4); edits > 0 && mutated.length > 0; edits--) {
    const at = pick(mutated.length)
    const piece = mutated.subarray(at, at + 1 + pick(16))
    const kind = pick(5)
    if (kind === 0) mutated[at] ^= 1 << pick(8)
    else if (kind === 1) mutated = Buffer.concat([mutated.subarray(0, at), Buffer.from([pick(256), pick(256)]), mutated.subarray(at)])
    else if (kind === 2) mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + piece.length)])
    else if (kind === 3) mutated = Buffer.concat([mutated.subarray(0, at), ...Array(1 + pick(20)).fill(piece), mutated.subarray(at)])
    else mutated = mutated.subarray(0, at)
  }
  return mutated
}

const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype))
let failures = 0
for (const [name, { seeds, load }] of Object.entries(LOADERS)) {
  const random = randomStream(seed, `fuzz/${name}`)
  let refused = 0
  for (let run = 0; run < runs; run++) {
    const input = mutate(seeds[run % seeds.length], random, run)
    const started = performance.now()
    let problem = null
    try {
      await load(input)
    } catch (error) {
      if (error instanceof ProbityError) refused++
      else problem = `${error}`
    }
    if (performance.now() - started > LIMIT_MS) problem ??= `took ${Math.round(performance.now() - started)} ms`
    if (JSON.stringify(Object.getOwnPropertyNames(Object.prototype)) !== prototype) problem ??= 'changed Object.prototype'
    if (problem !== null) {
      failures++
      const kept = join(tmpdir(), `probity-fuzz-${name}-${seed}-${run}`)
      writeFileSync(kept, input)
      console.log(`${name}, run ${run}: ${problem} (input kept at ${kept})`)
    }
  }
  console.log(`${name}: ${runs} inputs, ${refused} refused, ${failures} failures so far`)
}
rmSync(folder, { recursive: true })
failures += await fuzzGradients(runs, seed)
process.exitCode = failures === 0 ? 0 : 1
