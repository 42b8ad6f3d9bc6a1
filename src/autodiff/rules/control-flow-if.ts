/** @file The gradient of If. */
import type { Graph } from '../../graph/ir.js'
import { freeVariables } from '../../graph/walk.js'
import { bodyOf, closeBody, emitControl, lowerBody, randomValueIn, sumSeeds } from '../body.js'
import type { RuleContext } from '../rule.js'

const BRANCHES = ['then_branch', 'else_branch'] as const

/**
 * An If on the same condition. Each of its branches computes again what it needs of the branch that ran, and gives the gradients of the
 * values that either branch captures: zeros where it does not use one.
 *
 * @returns per captured value, its gradient
 */
export function ifGradients(c: RuleContext): Map<string, string> {
  const branches = BRANCHES.map((name) => bodyOf(c.emitter, c.node, name, { inputs: 0, outputs: c.node.outputs.length }))
  const captured = [...new Set(branches.flatMap((branch) => [...freeVariables(branch)]))].filter(c.isActive)
  const gradients = branches.map((branch) => branchGradients(c, branch, captured))
  const wanted = captured.filter((name) => gradients.some(({ parts }) => parts.has(name)))
  if (wanted.length === 0) return new Map()
  const bodies = gradients.map(({ emitter, parts }) => closeBody(emitter, [], wanted.map((name) => parts.get(name) ?? emitter.zerosLike(name))))
  for (const body of bodies) {
    const random = randomValueIn(body)
    if (random !== null) throw c.refuse(`its branch makes the random value "${random}", which its gradient cannot make again. Export the model for inference.`)
  }
  const results = emitControl(c.emitter, 'If', [c.input(0)], { then_branch: bodies[0], else_branch: bodies[1] }, wanted.length)
  return new Map(wanted.map((name, i) => [name, c.emitter.describe(results[i], c.emitter.type(name))]))
}

function branchGradients(c: RuleContext, branch: Graph, captured: readonly string[]) {
  const results = c.node.outputs.flatMap((_, i) => (c.hasGradient(i) ? [{ name: branch.outputs[i].name, gradient: c.gradient(i) }] : []))
  const emitter = lowerBody(branch, captured, results.map(({ name }) => name), c.emitter)
  const seeds = sumSeeds(emitter, results.map(({ name, gradient }) => [name, gradient] as const))
  return { emitter, parts: c.backpropagate(emitter, seeds, captured.filter((name) => freeVariables(branch).has(name))) }
}
