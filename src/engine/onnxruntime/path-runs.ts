/** @file Cuts paths of points into runs of bounded size, and adds up what they answer. */
import type { GradientPaths } from '../../contracts/model.js'
import type { Tensor } from '../../contracts/tensor.js'
import type { PathGraph } from '../../autodiff/index.js'
import { sizeOf } from '../../tensor/dtypes.js'
import { sliceRows, takeRows } from '../../tensor/rows.js'
import { fromNumbers, toNumbers } from '../../tensor/tensor.js'
import type { Session } from './session.js'

export type PathFeeds = {
  /** Rows of the inputs whose path is followed, where it starts and ends. */
  readonly starts: ReadonlyMap<string, Tensor>
  readonly ends: ReadonlyMap<string, Tensor>
  /** Inputs that stay as they are along a path, per row or for all rows, the target among them. */
  readonly perRow: ReadonlyMap<string, Tensor>
  readonly shared: ReadonlyMap<string, Tensor>
  readonly rows: number
  readonly blockRows: number
}

/** Σ weight · gradient along the path of each row, float64 [rows, …] per input; sums over runs in double precision, in order. */
export async function runPaths(session: Session, graph: PathGraph, { nodes, weights }: GradientPaths, feeds: PathFeeds): Promise<[string, Tensor][]> {
  const { rows, blockRows } = feeds
  const names = [...graph.ends.keys()]
  const totals = new Map(names.map((name) => [name, new Float64Array(sizeOf(feeds.ends.get(name)!.dims))]))
  const pointsPerRun = Math.min(nodes.length, blockRows)
  const rowsPerRun = Math.max(1, Math.floor(blockRows / pointsPerRun))
  for (let row = 0; row < rows; row += rowsPerRun) {
    const end = Math.min(row + rowsPerRun, rows)
    for (let point = 0; point < nodes.length; point += pointsPerRun) {
      const points = { nodes: nodes.subarray(point, point + pointsPerRun), weights: weights.subarray(point, point + pointsPerRun) }
      const answers = await session.run(feedsOf(graph, feeds, points, row, end), [...graph.gradients.values()])
      for (const name of names) addTo(totals.get(name)!, toNumbers(answers.get(graph.gradients.get(name)!)!), row, end)
    }
  }
  return names.map((name) => [name, { data: totals.get(name)!, dims: feeds.ends.get(name)!.dims, dtype: 'float64' }])
}

function feedsOf(graph: PathGraph, { starts, ends, perRow, shared, rows }: PathFeeds, points: Pick<GradientPaths, 'nodes' | 'weights'>, from: number, to: number): Map<string, Tensor> {
  const feeds = new Map(shared)
  const cut = (tensor: Tensor) => (to - from === rows ? tensor : sliceRows(tensor, from, to))
  for (const [name, { start, end }] of graph.ends) feeds.set(start, cut(starts.get(name)!)).set(end, cut(ends.get(name)!))
  const count = points.nodes.length
  const rowOf = Int32Array.from({ length: (to - from) * count }, (_, i) => from + Math.floor(i / count))
  for (const [name, tensor] of perRow) feeds.set(name, takeRows(tensor, rowOf))
  const { dtype } = ends.values().next().value!
  return feeds.set(graph.positions, fromNumbers(points.nodes, [count], dtype)).set(graph.weights, fromNumbers(points.weights, [count], dtype))
}

function addTo(total: Float64Array, part: Float64Array, from: number, to: number): void {
  const start = from * (part.length / (to - from))
  part.forEach((value, i) => (total[start + i] += value))
}
