/** @file Finds what depends on itself. */

/** A key that leads back to itself, or null. Not recursive: a chain may be as long as the graph. */
export function findCircle(edges: ReadonlyMap<string, readonly string[]>): string | null {
  const done = new Set<string>()
  const open = new Set<string>()
  for (const start of edges.keys()) {
    const path: { readonly key: string; next: number }[] = done.has(start) ? [] : [{ key: start, next: 0 }]
    open.add(start)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const target = edges.get(top.key)?.[top.next++]
      if (target === undefined) {
        open.delete(top.key)
        done.add(top.key)
        path.pop()
      } else if (open.has(target)) return target
      else if (edges.has(target) && !done.has(target)) {
        open.add(target)
        path.push({ key: target, next: 0 })
      }
    }
    open.delete(start)
  }
  return null
}
