/** @file A whole model in the form that is differentiated. */
import { inlineFunctions } from '../functions/inline.js'
import type { OnnxModel } from '../ir.js'
import { upgradeOpset } from './upgrade.js'

/** First IR version that goes with opset 18. */
const INTERNAL_IR_VERSION = 8

/**
 * The same model as one graph at the internal opset, with calls of its own functions expanded; its IR version rises with it.
 *
 * @throws ProbityError `graph/opset` naming the node that cannot be upgraded; `graph/function-cycle`
 */
export function upgradeModel(model: OnnxModel): OnnxModel {
  const inlined = inlineFunctions(model)
  return { ...inlined, irVersion: Math.max(model.irVersion, INTERNAL_IR_VERSION), graph: upgradeOpset(inlined.graph) }
}
