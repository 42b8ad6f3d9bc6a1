/** @file Normalization with fixed statistics. */
import { floatAttribute, intAttribute } from '../../graph/ir.js'
import type { RuleContext } from '../rule.js'
import type { RuleTable } from './operators.js'

/**
 * Inference: y = scale·(x − mean)·r + B per channel, with r = 1/√(var + ε). dX = dY·scale·r, dScale = r·Σ dY·(x − mean), dB = Σ dY,
 * dMean = −scale·r·Σ dY, dVar = −½·scale·r³·Σ dY·(x − mean); sums over all axes but the channels'.
 */
function batchNormalization(c: RuleContext, input: number): string {
  if (intAttribute(c.node, 'training_mode', 0) === 1) throw c.refuse('it normalizes with the statistics of the batch, so rows depend on one another. Export the model in inference mode.')
  const e = c.emitter
  const rank = e.requireRank(c.x, c.node)
  const [scale, mean, variance] = [c.input(1), c.input(3), c.input(4)] // each [C]
  const column = (name: string) => (rank <= 2 ? name : c.emit('Unsqueeze', [name, e.ints(Array.from({ length: rank - 2 }, (_, i) => i + 1))])) // [C, 1, …]
  const sum = (name: string) => c.emit('ReduceSum', [name, e.ints(Array.from({ length: rank }, (_, i) => i).filter((axis) => axis !== 1))], { keepdims: 0 }) // [C]
  const r = e.div(c.scalar(1), c.emit('Sqrt', [e.add(variance, c.scalar(floatAttribute(c.node, 'epsilon', 1e-5)))]))
  const centred = () => sum(e.mul(c.dy, e.sub(c.x, column(mean))))
  switch (input) {
    case 0: return e.mul(c.dy, column(e.mul(scale, r)))
    case 1: return e.mul(r, centred())
    case 2: return sum(c.dy)
    case 3: return e.neg(e.mul(e.mul(scale, r), sum(c.dy)))
    default: return e.mul(e.mul(c.scalar(-0.5), e.mul(scale, e.mul(r, e.mul(r, r)))), centred())
  }
}

export const normalization = { BatchNormalization: batchNormalization } satisfies RuleTable
