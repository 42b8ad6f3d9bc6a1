/** @file What a model may be before any runtime sees it: the limits that `model.limits` and `--limit` set, with their defaults and meanings. */

export const MODEL_LIMITS = {
  maxBytes: { initial: 2 ** 31 - 1, what: 'Bytes of the model file, without the files beside it.' },
  maxJsonBytes: { initial: 64 * 2 ** 20, what: 'Bytes of a model.json of TensorFlow.js.' },
  maxJsonDepth: { initial: 128, what: 'Lists and objects within each other in a model.json.' },
  maxFiles: { initial: 10_000, what: 'Files beside the model that it names.' },
  maxNodes: { initial: 200_000, what: 'Nodes or layers, with those in subgraphs and with local functions expanded.' },
  maxDepth: { initial: 16, what: 'Subgraphs, types or models within each other.' },
  maxLoopDepth: { initial: 4, what: 'Loops and scans within each other: work multiplies with each.' },
  maxTreeDepth: { initial: 1000, what: 'Levels of a decision tree: runtimes build trees by recursion.' },
  maxInitializers: { initial: 200_000, what: 'Weights.' },
  maxListed: { initial: 2 ** 25, what: 'Numbers and texts that a model lists one by one, as tree ensembles do, in all lists together.' },
  maxNameBytes: { initial: 4096, what: 'Bytes of one name.' },
  maxRank: { initial: 16, what: 'Dimensions of one tensor.' },
  maxElements: { initial: 2 ** 31, what: 'Elements of one tensor.' },
  maxMemoryBytes: { initial: 16 * 2 ** 30, what: 'Estimated bytes of weights, and of values that live at the same time for one row. By default no more than a child process may take (--max-memory).' },
} as const satisfies Readonly<Record<string, { readonly initial: number; readonly what: string }>>

export type ModelLimit = keyof typeof MODEL_LIMITS
export type ModelLimits = { readonly [limit in ModelLimit]: number }

export const isModelLimit = (name: string): name is ModelLimit => Object.hasOwn(MODEL_LIMITS, name)
