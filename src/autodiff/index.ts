/** @file Gradients of graphs, as graphs. */
export { differentiate, objectiveGraph, obstacles, type DifferentiateOptions, type GradientGraph, type ObjectiveGraph } from './differentiate.js'
export { gradientModel, type GradientModel } from './gradient-model.js'
export type { ObjectiveSpec, TargetInput } from './objective.js'
export { loweredOps } from './lowerings/index.js'
export { constantOps, differentiableOps, ruledOps } from './rules/index.js'
export { pathGradient, type PathGraph, type PathOptions } from './path-gradient.js'
