// A plugin whose one metric makes the child process do what the configuration says.
import { misbehaviours } from './misbehaviours.mjs'

export default {
  metrics: [
    {
      id: 'example/misbehaviour', title: 'Misbehaviour', question: 'Does the audit survive?', formula: 'none', meaning: 'nothing', range: [0, 1], ideal: null, unit: 'share', direction: 'none',
      references: [], limits: [], per: 'audit', needsDirection: false, judged: false, needs: ['model'],
      parameters: { type: 'object', additionalProperties: false, properties: { how: { type: 'string', default: 'fine' } } },
      requires: ({ how }) => ({ answers: { kind: 'misbehaviour', parameters: { how } } }),
      evaluate: () => ({ value: 1, n: 1 }),
    },
  ],
  gatherers: [
    {
      kind: 'misbehaviour',
      dependsOn: () => ({}),
      plan: ({ how }) => ({ concrete: { how }, rows: [0], blockRows: 1 }),
      gather: async (_rows, { how }) => ({ json: (await misbehaviours[how]({ seconds: 0 })) ?? null, tensors: {} }),
      combine: ([part]) => part.json,
    },
  ],
}
