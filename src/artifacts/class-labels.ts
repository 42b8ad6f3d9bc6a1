/** @file Which class each output column means. A wrong guess turns every rate upside down, so what cannot be known is refused (EVIDENCE: classes). */
import type { DatasetView } from '../contracts/dataset.js'
import { indexOfLabel } from '../contracts/labels.js'
import type { Prediction } from '../contracts/model.js'

/** Class labels by output index, in the spelling of the data's label where both have the class. */
export type ClassLabels = { readonly classes: readonly string[]; readonly assumed: boolean }

/** @returns `unavailable` with what to state in the config when the order of classes is not known. */
export function classLabels(prediction: Prediction, view: DatasetView): ClassLabels | { unavailable: string } {
  const categories = view.label?.categories ?? null
  if (prediction.classes) {
    const classes = prediction.classes.map((name) => spelledLike(categories, name))
    if (categories && !classes.some((name) => categories.includes(name))) {
      return { unavailable: `the model's classes (${inWords(classes)}) are not values of ${view.label?.name} (${inWords(categories)}); state model.output.classes in the order of the model's output` }
    }
    return { classes, assumed: false }
  }
  if (prediction.kind === 'label') return { classes: categories ?? [], assumed: false }
  const count = prediction.columns === null ? null : prediction.columns === 1 ? 2 : prediction.columns
  if (categories && (count === null || count === categories.length) && areIndices(categories)) return { classes: [...categories].sort((a, b) => Number(a) - Number(b)), assumed: true }
  if (view.findings.some(({ id }) => id === 'numeric-label')) return { unavailable: 'the label is a quantity and no class, and metrics for regression are not built. Make a column of classes from it, or leave data.label out and state model.output.classes' }
  return { unavailable: 'which class each output column means is not known; state model.output.classes in the order of the model\'s output' }
}

/** The category that means the same, else the name itself. */
export function spelledLike(categories: readonly string[] | null, name: string): string {
  return categories?.[indexOfLabel(categories, name)] ?? name
}

/** Whether the categories are exactly the integers 0 … k−1, in any spelling and order. */
function areIndices(categories: readonly string[]): boolean {
  const numbers = new Set(categories.map((category) => (category.trim() === '' ? NaN : Number(category))))
  return numbers.size === categories.length && categories.every((_, index) => numbers.has(index))
}

const inWords = (names: readonly string[]): string => (names.length > 8 ? `${names.slice(0, 8).join(', ')}, …` : names.join(', '))
