/**
 * @file Time and memory to take a danfojs DataFrame of a million rows in, column by column, beside the frame's own `.tensor` of two of its columns. Usage: node bench/data-frames/data-frames.mjs [rows] (after npm run build)
 */
import { createHash } from 'node:crypto'
import { audit, csvOf, loadData, fairness } from '../../dist/src/index.js'

const rows = Number(process.argv[2] ?? 1_000_000)
const dfd = await import('danfojs-node')
const groups = ['north', 'south', 'east', 'west']
const frame = makeFrame(rows)
console.log(`DataFrame of ${rows} × ${frame.columns.length} (${frame.dtypes.join(', ')}); Node ${process.version}`)

const table = await measure('loadData(frame)', () => loadData(frame))
await measure('canonical CSV and its sha256', () => {
  const hash = createHash('sha256')
  for (const text of csvOf(table)) hash.update(text)
})
await measure('fairness(frame, …), 10 metrics', () => fairness(frame, { label: 'label', prediction: 'prediction', sensitive: 'region', favorable: 1 }))
await measure('audit({ data: { frame, … } }), 1 metric, in a child process', () =>
  audit({ data: { frame, label: 'label', prediction: 'prediction', sensitive: ['region'], favorable: 1 }, audits: { 'fairness/demographic-parity-ratio': true } }, { cache: false, timeoutMs: 600_000 }))
const numbers = frame.loc({ columns: ['income', 'label'] })
await measure(`frame.tensor of ${rows} × 2`, () => numbers.tensor.dispose())

function makeFrame(size) {
  let state = 1
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647
  const cells = Array.from({ length: size }, (_, row) => [row, next() * 1e5, groups[Math.floor(next() * 4)], next() < 0.5 ? 1 : 0, next() < 0.4 ? 1 : 0])
  return new dfd.DataFrame(cells, { columns: ['id', 'income', 'region', 'label', 'prediction'] })
}

async function measure(what, run) {
  globalThis.gc?.()
  const [before, cpuBefore, rssBefore] = [performance.now(), process.cpuUsage(), process.memoryUsage().rss]
  const result = await run()
  const { user, system } = process.cpuUsage(cpuBefore)
  console.log(`${what}: ${((performance.now() - before) / 1000).toFixed(2)} s (processor time of this process ${((user + system) / 1e6).toFixed(2)} s), resident memory ${mib(rssBefore)} → ${mib(process.memoryUsage().rss)} MiB`)
  return result
}

function mib(bytes) {
  return Math.round(bytes / 2 ** 20)
}
