/** @file JSON by structure: a tree that can say what JSON.parse cannot hold (equal keys, numbers beyond double), changed and written as text. */
import { NAMES, NUMBERS } from '../tokens.mjs'

/** Objects as lists of entries, scalars as their text. */
export function decode(value) {
  if (Array.isArray(value)) return { items: value.map(decode) }
  if (typeof value === 'object' && value !== null) return { entries: Object.entries(value).map(([key, inner]) => [key, decode(inner)]) }
  return { text: JSON.stringify(value) }
}

export function encode(tree) {
  if (tree.text !== undefined) return tree.text
  if (tree.items) return `[${tree.items.map(encode).join(',')}]`
  if (tree.nested !== undefined) return `${tree.open.repeat(tree.nested)}${tree.middle}${tree.close.repeat(tree.nested)}`
  return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${encode(value)}`).join(',')}}`
}

const copy = (tree) => (tree.items ? { items: tree.items.map(copy) } : tree.entries ? { entries: tree.entries.map(([key, value]) => [key, copy(value)]) } : { ...tree })

function nodes(tree, found = []) {
  found.push(tree)
  for (const child of tree.items ?? tree.entries?.map(([, value]) => value) ?? []) nodes(child, found)
  return found
}

/** One to five changes; `trees` are the seeds, from which parts are taken over. */
export function mutateTree(tree, { pick, one, chance }, trees) {
  const root = copy(tree)
  for (let edits = 1 + pick(5); edits > 0; edits--) {
    const all = nodes(root)
    one(CHANGES)(all, { pick, one, chance, trees })
  }
  return root
}

const become = (node, other) => {
  for (const key of Object.keys(node)) delete node[key]
  Object.assign(node, other)
}
const some = (all, test, one) => {
  const fitting = all.filter(test)
  return fitting.length > 0 ? one(fitting) : null
}
const isObject = ({ entries }) => entries?.length > 0
const isList = ({ items }) => items?.length > 0

const scalar = (all, { one, chance }) => {
  const node = some(all, ({ text }) => text !== undefined, one)
  if (node) node.text = chance(0.5) ? one(NUMBERS) : JSON.stringify(one(NAMES))
}
const rename = (all, { one, pick }) => {
  const object = some(all, isObject, one)
  if (object) object.entries[pick(object.entries.length)][0] = one([...NAMES.slice(0, 12), one(NAMES), one(all.filter(isObject)).entries[0][0]])
}
const CHANGES = [
  scalar, scalar, scalar, rename, rename,
  (all, { one }) => become(one(all), { text: one(['null', 'true', 'false', '0', '-1', '""', '[]', '{}', '[null]', '{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"toString":1}', '1e999', '"\\ud800"', '"\\u0000"']) }),
  (all, { one, pick }) => {
    const object = some(all, isObject, one)
    object?.entries.splice(pick(object.entries.length), 1)
  },
  (all, { one, pick }) => {
    const object = some(all, isObject, one)
    const entry = object && object.entries[pick(object.entries.length)]
    if (entry) object.entries.push([entry[0], copy(one(all))])
  },
  (all, { one }) => some(all, isObject, one)?.entries.push([one(NAMES), copy(one(all))]),
  (all, { one, pick, chance }) => {
    const list = some(all, isList, one)
    if (!list || nodes(list).length > 2000) return
    list.items.push(...Array.from({ length: chance(0.02) ? 500 : 1 + pick(3) }, () => copy(one(list.items))))
  },
  (all, { one, pick }) => {
    const list = some(all, isList, one)
    list?.items.splice(pick(list.items.length), 1 + pick(3))
  },
  (all, { one, trees }) => {
    const part = copy(one(nodes(one(trees))))
    become(one(all), part)
  },
  (all, { one }) => {
    const [a, b] = [one(all), copy(one(all))]
    become(a, b)
  },
  (all, { one, chance }) => {
    const [open, close, middle] = one([['[', ']', ''], ['{"a":', '}', '1'], ['{"__proto__":', '}', '{}'], ['[[],', ']', '0']])
    become(one(all), { nested: chance(0.3) ? 100_000 : one([1, 10, 100, 1000]), open, close, middle })
  },
]
