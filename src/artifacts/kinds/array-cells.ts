/** @file An array's elements as few enough columns to explain: each on its own, or in boxes of neighbours. */
import type { ArrayColumn, DatasetView } from '../../contracts/dataset.js'
import { readElements, type ArrayPlan } from '../../data/index.js'
import { sizeOf } from '../../tensor/dtypes.js'

/** What a report can show and an artifact should hold per row. */
const MOST_CELLS = 1024

export type ArrayCells = {
  /** In Python's notation: `x[0, 3, 4]`, or `x[0:16, 16:32, 0]` for a box. */
  readonly names: readonly string[]
  /** [size] cell of each element of the input's row */
  readonly cellOf: Int32Array
  /** [size] place in the array's row of each element of the input's row */
  readonly source: Int32Array
}

/** Boxes halve the longest way until there are few enough, so neighbours along every axis stay together. */
export function cellsOf({ arrays }: DatasetView, plan: ArrayPlan): ArrayCells {
  const array = arrays[plan.array.index]
  const { shape } = array
  const parts = [...shape]
  while (sizeOf(parts) > MOST_CELLS) {
    const longest = parts.indexOf(Math.max(...parts))
    parts[longest] = Math.ceil(parts[longest] / 2)
  }
  const edges = shape.map((size, axis) => Math.ceil(size / parts[axis]))
  const counts = shape.map((size, axis) => Math.ceil(size / edges[axis]))
  const { source } = readElements(plan)
  return { names: namesOf(array, edges, counts), source, cellOf: source.map((place) => cellAt(place, shape, edges, counts)) }
}

function cellAt(place: number, shape: readonly number[], edges: readonly number[], counts: readonly number[]): number {
  let cell = 0
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    cell += Math.floor((place % shape[axis]) / edges[axis]) * stride
    place = Math.floor(place / shape[axis])
    stride *= counts[axis]
  }
  return cell
}

function namesOf({ name, shape }: ArrayColumn, edges: readonly number[], counts: readonly number[]): string[] {
  return Array.from({ length: sizeOf(counts) }, (_, cell) => {
    const ranges = new Array<string>(shape.length)
    for (let axis = shape.length - 1, rest = cell; axis >= 0; axis--) {
      const start = (rest % counts[axis]) * edges[axis]
      ranges[axis] = edges[axis] === 1 ? String(start) : `${start}:${Math.min(start + edges[axis], shape[axis])}`
      rest = Math.floor(rest / counts[axis])
    }
    return `${name}[${ranges.join(', ')}]`
  })
}
