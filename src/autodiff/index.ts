/** @file Gradients of graphs, as graphs. */
export { differentiate, objectiveGraph, type DifferentiateOptions, type GradientGraph, type ObjectiveGraph } from './differentiate.js'
export type { ObjectiveSpec, TargetInput } from './objective.js'
export { differentiableOps } from './rules/index.js'
