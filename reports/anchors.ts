/** @file Fragment identifiers for result keys: the key itself where it is plain, so that links can be written by hand. */

const LONGEST = 120

/** One anchor per name, in order. Foreign characters become hyphens, and names that would share an anchor are numbered. */
export function anchors(names: readonly string[]): readonly string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    const base = name.replace(/[^A-Za-z0-9._/@-]+/g, '-').slice(0, LONGEST)
    let anchor = base
    for (let number = 2; taken.has(anchor); number += 1) anchor = `${base}-${number}`
    taken.add(anchor)
    return anchor
  })
}
