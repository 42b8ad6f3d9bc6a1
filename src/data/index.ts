/** @file From a file to the view of it that an audit reads. */
export { matchCategory } from './categories.js'
export { fillBlock, fillInputs, gatherRows, readMatrix } from './feeds.js'
export type { ModelInputs } from './inputs.js'
export { readTable, type ReadOptions, type TableFormat } from './read-table.js'
export { featureStatistics, type FeatureStatistics } from './feature-statistics.js'
export type { Column, Table } from './table.js'
export { buildView } from './view.js'
