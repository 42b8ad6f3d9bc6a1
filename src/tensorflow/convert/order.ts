/** @file In which order TensorFlow.js calls layers. It hands a mask on to whatever runs next, so the order decides what is computed. */
import type { Container, Ref } from './topology.js'

const keyOf = ({ layer, call, output }: Ref): string => `${call}:${output}:${layer}`

/** Every output that is needed for the model's outputs, behind those it is made from. */
export function executionOrder({ layers, inputs, outputs }: Container): Ref[] {
  const needs = ({ layer, call }: Ref): readonly Ref[] => layers.get(layer)?.calls[call] ?? []
  const fed = inputs.map(keyOf)
  const order: Ref[] = []
  const known = new Set<string>()
  for (const output of outputs) {
    const visited = new Set(fed)
    const stack: { readonly ref: Ref; opened: boolean }[] = [{ ref: output, opened: false }]
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const key = keyOf(top.ref)
      if (visited.has(key) || top.opened || needs(top.ref).length === 0) {
        stack.pop()
        if (!visited.has(key) && !known.has(key)) order.push(top.ref)
        visited.add(key)
        known.add(key)
      } else {
        top.opened = true
        for (const ref of needs(top.ref)) if (!visited.has(keyOf(ref))) stack.push({ ref, opened: false })
      }
    }
  }
  return order
}
