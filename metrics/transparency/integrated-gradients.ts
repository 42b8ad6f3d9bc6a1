import { attributions, type Attributions, type AttributionParameters } from '../../src/contracts/artifact.js'
import { defineMetric, notApplicable } from '../../src/contracts/metric.js'
import type { Details } from '../../src/contracts/report.js'
import { meanInterval } from '../../src/statistics/index.js'
import { COVERAGE } from '../coverage.js'
import { attributionParameters, INTEGRATED_GRADIENTS } from './attribution-parameters.js'
import { rankColumns, unexplainedRows } from './column-importance.js'

/**
 * Global importance of a column = mean over rows of |integrated gradients of the log-odds of one class|; the value is that of the top column.
 *
 * 0: the score does not move with any column between reference and row. Caveat: dependence of the score relative to a reference, never a cause.
 * Sundararajan, Taly, Yan 2017, arXiv:1703.01365.
 */
export default defineMetric({
  id: 'transparency/integrated-gradients',
  title: 'What the score depends on',
  question: 'Relative to the reference, which columns does the score of a row depend on, and how much?',
  formula: 'IGᵢ(x) = (xᵢ − x′ᵢ) · ∫₀¹ ∂F/∂xᵢ (x′ + α(x − x′)) dα, F = log-odds of one class; importance of a column = mean over rows of |IG|',
  meaning: 'Log-odds that a column moves on average; 0: the score does not depend on any column between reference and row.',
  range: [0, Infinity],
  ideal: null,
  unit: 'log-odds',
  direction: 'none',
  references: [INTEGRATED_GRADIENTS],
  limits: [
    'What the score depends on, relative to the reference; not a cause, and not what would happen if a person changed.',
    'Columns that move together share their attribution in ways that depend on the reference.',
    COVERAGE,
  ],
  per: 'audit',
  needsDirection: false,
  judged: false,
  needs: ['model', 'gradient', 'row-independence', 'classes'],
  parameters: attributionParameters,
  requires: (options: AttributionParameters) => ({ explained: attributions(options) }),
  evaluate({ explained }, { data }) {
    const n = explained.rows.length
    if (n === 0) return notApplicable('no row has every feature')
    const ranked = rankColumns(explained)
    const [top] = ranked
    const open = explained.completenessGap.filter((gap, i) => Math.abs(gap) > explained.tolerance[i]).length
    return {
      value: top.importance,
      n,
      intervalAt: (confidence) => meanInterval(top.absolute, confidence),
      excluded: unexplainedRows(explained, data),
      notes: [
        `The value is the importance of ${top.name}, the column with the largest mean absolute attribution.`,
        `Explained: ${explained.explained}. Reference: ${explained.baseline}.`,
        ...(open > 0 ? [`For ${open} of ${n} rows the attributions do not add up to what they explain (transparency/completeness): the model is not smooth there, and these figures may mean little.`] : []),
        ...(explained.clipped ? ['Only probabilities exist: the log-odds was clipped near 0 and 1, which flattens attributions there.'] : []),
      ],
      details: [importanceBars(ranked), ...explained.elements.filter(({ importance }) => importance.length > explained.columns.length).map(topElements), reference(explained)],
    }
  },
})

/** Boxes of an image are more than anybody reads; a table's columns are fewer. */
const MOST_BARS = 256
const SHOWN_ELEMENTS = 20

/** Single elements, such as pixels, where the columns above are boxes of them. */
function topElements({ array, shape, importance }: Attributions['elements'][number]): Details {
  const total = importance.reduce((sum, value) => sum + value, 0)
  const top = Array.from(importance.keys()).sort((a, b) => importance[b] - importance[a] || a - b).slice(0, SHOWN_ELEMENTS)
  return {
    type: 'table',
    title: `Elements of ${array} that count most`,
    caption: `The ${top.length} largest of ${importance.length}, counted from 0 along each axis of [${shape.join(', ')}].`,
    columns: [{ key: 'element', title: 'Element' }, { key: 'importance', title: 'Mean absolute attribution', unit: 'log-odds' }, { key: 'share', title: 'Share of all', unit: 'share' }],
    rows: top.map((place) => ({ element: `${array}[${indexOf(place, shape).join(', ')}]`, importance: importance[place], share: total === 0 ? null : importance[place] / total })),
  }
}

function indexOf(place: number, shape: readonly number[]): number[] {
  return shape.map((size, axis) => Math.floor(place / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % size)
}

function importanceBars(ranked: ReturnType<typeof rankColumns>): Details {
  return {
    type: 'bars',
    title: 'Importance of each column',
    caption: `Mean absolute attribution with a 95 % interval; sampling error of these rows only.${ranked.length > MOST_BARS ? ` The ${MOST_BARS} largest of ${ranked.length}.` : ''}`,
    unit: 'log-odds',
    bars: ranked.slice(0, MOST_BARS).map(({ name, importance, absolute }) => ({ name, value: importance, interval: meanInterval(absolute, 0.95) })),
  }
}

/** A second reference shows how much the reading hangs on the first. */
function reference(explained: Attributions): Details {
  const { columns, values, rows, secondTopColumn, secondBaseline } = explained
  const top = Array.from(rows, (_, i) => indexOfLargest(values.subarray(i * columns.length, (i + 1) * columns.length)))
  const agreeing = secondTopColumn && top.filter((column, i) => column === secondTopColumn[i]).length
  return {
    type: 'facts',
    title: 'The reference',
    items: [
      { name: 'Reference', value: explained.baseline },
      { name: 'Mean F at the reference', value: explained.baselineOutput, note: 'log-odds' },
      { name: 'Mean F over the explained rows', value: explained.output.reduce((sum, value) => sum + value, 0) / rows.length, note: 'log-odds' },
      ...(agreeing !== null && secondBaseline !== null
        ? [{ name: `Rows whose top column is the same with ${secondBaseline} as reference`, value: agreeing / rows.length, unit: 'share', note: `${agreeing} of ${rows.length} rows` }]
        : []),
    ],
  }
}

function indexOfLargest(values: Float64Array): number {
  let best = 0
  values.forEach((value, i) => {
    if (Math.abs(value) > Math.abs(values[best])) best = i
  })
  return best
}
