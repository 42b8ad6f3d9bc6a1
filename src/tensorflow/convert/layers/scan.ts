/** @file One step after the other over the first axis, with states in between. */
import type { Dim } from '../../../contracts/model.js'
import { ints, type Graph, type ValueInfo } from '../../../graph/index.js'
import type { Writer } from '../writer.js'

export type Stepped = {
  /** All steps of the input, and what follows the first axis. */
  readonly scanned: { readonly name: string; readonly dims: readonly Dim[] }
  /** [time, batch, 1, …], bool: which steps count; null for all */
  readonly mask: { readonly name: string; readonly dims: readonly Dim[] } | null
  readonly states: readonly { readonly name: string; readonly dims: readonly Dim[] }[]
  readonly backwards: boolean
  readonly step: (w: Writer, x: string, states: readonly string[]) => readonly string[]
}

/** @returns the first state after every step, in the order of the input, and the last states */
export function scan(w: Writer, { scanned, mask, states, backwards, step }: Stepped): { all: string; last: readonly string[] } {
  const inner = w.body()
  const typed = (hint: string, dims: readonly Dim[], dtype: 'float32' | 'bool' = 'float32'): ValueInfo => ({ name: w.fresh(`${w.path}/${hint}`), type: { kind: 'tensor', dtype, dims } })
  const before = states.map(({ dims }) => typed('state', dims))
  const now = typed('step', scanned.dims)
  const counts = mask && typed('mask', mask.dims, 'bool')
  const computed = step(inner, now.name, before.map(({ name }) => name))
  const kept = computed.map((name, i) => (counts ? inner.add('Where', [counts.name, name, before[i].name]) : name))
  const after = kept.map((name, i): ValueInfo => ({ name: inner.add('Identity', [name]), type: before[i].type }))
  const shown: ValueInfo = { name: inner.add('Identity', [kept[0]]), type: before[0].type }
  const body: Graph = {
    name: `${w.path}/body`, inputs: [...before, now, ...(counts ? [counts] : [])], overridable: [], outputs: [...after, shown], nodes: inner.nodes,
    initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map(),
  }
  const sequences = mask ? [scanned.name, mask.name] : [scanned.name]
  const results = w.addMany('Scan', [...states.map(({ name }) => name), ...sequences], states.length + 1, {
    body: { type: 'graph', value: body }, num_scan_inputs: sequences.length,
    ...(backwards && { scan_input_directions: ints(sequences.map(() => 1)), scan_output_directions: ints([1]) }),
  })
  return { all: results[states.length], last: results.slice(0, -1) }
}
