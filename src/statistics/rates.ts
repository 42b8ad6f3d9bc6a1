/** @file The rates that fairness metrics compare, each as what it counts among which rows. */

/** One row, as the rates see it. */
export type Outcome = {
  /** The prediction is the favorable outcome. */
  readonly selected: boolean
  /** The label is the favorable outcome. */
  readonly wanted: boolean
  /** The prediction is the label. */
  readonly right: boolean
}

export type RateName = 'selection' | 'truePositive' | 'falsePositive' | 'falseNegative' | 'precision' | 'accuracy'

export type Rate = {
  readonly title: string
  readonly needsLabel: boolean
  /** Which rows are its denominator, after "rows". */
  readonly denominator: string
  /** Whether a row counts; null when it is not in the denominator. */
  readonly counts: (outcome: Outcome) => boolean | null
  /** Which group is worse off, where the rate alone says so. */
  readonly worseOff: 'lower' | 'higher' | null
}

export const RATES: Readonly<Record<RateName, Rate>> = {
  selection: { title: 'selection rate', needsLabel: false, denominator: 'with a prediction', counts: ({ selected }) => selected, worseOff: 'lower' },
  truePositive: { title: 'true positive rate', needsLabel: true, denominator: 'whose label is the favorable outcome', counts: ({ selected, wanted }) => (wanted ? selected : null), worseOff: 'lower' },
  falsePositive: { title: 'false positive rate', needsLabel: true, denominator: 'whose label is not the favorable outcome', counts: ({ selected, wanted }) => (wanted ? null : selected), worseOff: 'lower' },
  falseNegative: { title: 'false negative rate', needsLabel: true, denominator: 'whose label is the favorable outcome', counts: ({ selected, wanted }) => (wanted ? !selected : null), worseOff: 'higher' },
  precision: { title: 'precision', needsLabel: true, denominator: 'that are selected', counts: ({ selected, wanted }) => (selected ? wanted : null), worseOff: null },
  accuracy: { title: 'accuracy', needsLabel: true, denominator: 'with a label and a prediction', counts: ({ right }) => right, worseOff: 'lower' },
}
