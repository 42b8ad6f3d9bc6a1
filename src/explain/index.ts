/** @file Explanations of any model with a gradient. */
export { attributionsWithTolerance, type ToleranceOptions, type TolerantAttributions } from './attributions-with-tolerance.js'
export { integratedGradients, type IntegratedGradients, type IntegratedGradientsOptions } from './integrated-gradients.js'
export type { QuadratureMethod } from './quadrature.js'
