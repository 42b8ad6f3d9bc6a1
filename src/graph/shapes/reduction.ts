/** @file Shape rules of reductions. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute } from '../ir.js'
import { multiply } from './dims.js'
import { axesOf, known, normalizeAxis, type Rule } from './known.js'

const reduce: Rule = (application) => {
  const { node, input } = application
  const { dims, dtype } = input(0)
  const keep = intAttribute(node, 'keepdims', 1) === 1
  const given = axesOf(application, 1)
  if (given === null) return [known(dtype, keep && dims ? dims.map(() => null) : null)]
  const none = given === undefined || given.length === 0
  if (none && intAttribute(node, 'noop_with_empty_axes', 0) === 1) return [known(dtype, dims)]
  if (dims === null) return [known(dtype, none && !keep ? [] : null)]
  const axes = new Set(none ? dims.map((_, axis) => axis) : given.map((axis) => normalizeAxis(axis, dims.length)))
  const values = node.opType === 'ReduceProd' && input(0).values && !keep ? [multiply(input(0).values ?? [])] : null
  return [known(dtype, reduced(dims, axes, keep), values)]
}

const argument: Rule = ({ node, input }) => {
  const { dims } = input(0)
  const axis = dims && normalizeAxis(intAttribute(node, 'axis', 0), dims.length)
  return [known('int64', dims && axis !== null ? reduced(dims, new Set([axis]), intAttribute(node, 'keepdims', 1) === 1) : null)]
}

function reduced(dims: readonly Dim[], axes: ReadonlySet<number | null>, keep: boolean): Dim[] {
  return keep ? dims.map((size, axis) => (axes.has(axis) ? 1 : size)) : dims.filter((_, axis) => !axes.has(axis))
}

const REDUCTIONS = ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare']

export const reduction: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(REDUCTIONS.map((kind) => [`Reduce${kind}`, reduce])),
  ArgMax: argument, ArgMin: argument,
}
