/** @file What other layers use of graphs. */
export * from './ir.js'
export { readModel } from './codec/read-model.js'
export { writeModel } from './codec/write-model.js'
export { ancestorsOf, consumersOf, extract, freeVariables, infoOf, mapSubgraphs, producersOf, prune, reaches, readsOf, subgraphsOf, topologicalSort } from './walk.js'
export { GraphBuilder, toAttributes } from './builder.js'
export { inferShapes, type InferOptions } from './shapes/infer.js'
export { INTERNAL_OPSET, upgradeModel, upgradeOpset } from './upgrade/upgrade.js'
