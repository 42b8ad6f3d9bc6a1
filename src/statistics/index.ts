/** @file What metrics and audits use of the statistics. */
export { bootstrapDraws, bootstrapInterval, percentileInterval, type Bootstrap, type Draws } from './bootstrap.js'
export { meanInterval, studentQuantile, summarize } from './means.js'
export { normalCdf, normalQuantile } from './normal.js'
export { holm, invertTest, SMALLEST_P } from './p-values.js'
export { pairedDifferenceInterval, type PairedCounts } from './paired.js'
export { exactOrWilsonInterval, wilsonInterval, type Proportion } from './proportions.js'
export { moverRatioInterval, newcombeInterval } from './two-proportions.js'
