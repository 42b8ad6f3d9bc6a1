/**
 * Time from a ResNet-50 in memory to a session that gives its input gradient: differentiation, writing the file, opening it.
 *
 *   npm run build && PEER_PYTHON=/path/to/python node bench/gradients/build-time.mjs [runs]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const dist = resolve(process.env.PROBITY_DIST ?? new URL('../../dist', import.meta.url).pathname)
const load = (path) => import(pathToFileURL(join(dist, 'src', path)).href)
const [{ differentiate }, { openSession, loadRuntime }, { readModel, writeModel, upgradeModel, inferShapes }] = await Promise.all([load('autodiff/index.js'), load('engine/onnxruntime/session.js'), load('graph/index.js')])
const runs = Number(process.argv[2] ?? 5)

const folder = mkdtempSync(join(tmpdir(), 'probity-build-'))
try {
  execFileSync(process.env.PEER_PYTHON, [new URL('models.py', import.meta.url).pathname, folder, 'resnet50'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const file = readFileSync(join(folder, 'resnet50.onnx'))
  await loadRuntime()
  const samples = []
  for (let run = 0; run < runs; run++) {
    const marks = [['', performance.now()]]
    const mark = (name) => marks.push([name, performance.now()])
    const model = upgradeModel(readModel(file))
    mark('read')
    const graph = differentiate(inferShapes(model.graph), { objective: { output: 'y', loss: 'cross-entropy' }, withRespectTo: ['x'] })
    mark('differentiate')
    const bytes = writeModel({ ...model, graph })
    mark('write')
    const session = await openSession(bytes, { threads: 2, label: 'resnet50' })
    mark('open')
    await session.release()
    samples.push(Object.fromEntries(marks.slice(1).map(([name, at], i) => [name, at - marks[i][1]])))
  }
  const total = ({ differentiate: made, write, open }) => made + write + open
  const best = samples.reduce((a, b) => (total(b) < total(a) ? b : a))
  const middle = samples.map(total).sort((a, b) => a - b)[Math.floor(runs / 2)]
  const parts = Object.fromEntries(Object.entries(best).map(([name, ms]) => [name, Math.round(ms)]))
  console.log(JSON.stringify({ bench: 'gradients/resnet50/build', ours: Math.round(total(best)), peer: null, unit: 'ms', ratio: null, oursMedian: Math.round(middle), parts, fileMb: Math.round(file.length / 2 ** 20), runs }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
