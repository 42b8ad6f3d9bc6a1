/** @file When two spellings of a class are the same class: the one rule that data, predictions and metrics share. */

/** Index of the category that `name` means, or −1: exact text first, then equal numbers, so that '1' finds '1.0'. */
export function indexOfLabel(categories: readonly string[], name: string): number {
  const exact = categories.indexOf(name)
  if (exact >= 0 || name.trim() === '') return exact
  const value = Number(name)
  return Number.isNaN(value) ? -1 : categories.findIndex((category) => category.trim() !== '' && Number(category) === value)
}
