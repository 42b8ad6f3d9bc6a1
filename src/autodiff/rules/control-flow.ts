/** @file Operators that run other graphs. Their gradients come all at once, and are handed out value by value. */
import type { Rule, RuleContext } from '../rule.js'
import { ifGradients } from './control-flow-if.js'
import { loopGradients } from './control-flow-loop.js'
import type { RuleTable } from './operators.js'

/** The gradients of a node's inputs, by their position, and of what its bodies capture, by name. */
export type ControlGradients = ReadonlyMap<number | string, string>

function allAtOnce(gradientsOf: (context: RuleContext) => ControlGradients): Rule {
  const found = new WeakMap<RuleContext, ControlGradients>()
  return (c, input) => {
    const gradients = found.get(c) ?? gradientsOf(c)
    found.set(c, gradients)
    const inputs = c.node.inputs.length
    return gradients.get(input < inputs ? input : c.captured[input - inputs]) ?? null
  }
}

export const controlFlow = {
  /** dV = an If on the same condition, whose branches give the gradient of the branch that ran */
  If: allAtOnce(ifGradients),
  /** dV = a Loop over the same turns in reverse, whose body is the vector-Jacobian product of the body */
  Loop: allAtOnce(loopGradients),
} satisfies RuleTable
