/**
 * @file Protocol buffers by structure: the wire format decoded into a tree with the message types of onnx.proto, changed, and written again, so
 * that lengths are right unless they are meant to lie.
 */
import { INTEGERS, NAMES } from '../tokens.mjs'

/** Fields that hold messages; every other field of wire type 2 is text, bytes or packed numbers. */
const MESSAGES = {
  Model: { 7: 'Graph', 8: 'Opset', 14: 'Entry', 20: 'Training', 25: 'Function' },
  Training: { 1: 'Graph', 2: 'Graph', 3: 'Entry', 4: 'Entry' },
  Graph: { 1: 'Node', 5: 'Tensor', 11: 'Value', 12: 'Value', 13: 'Value', 15: 'Sparse', 16: 'Entry' },
  Node: { 5: 'Attribute', 9: 'Entry' },
  Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 14: 'Type', 15: 'Type', 22: 'Sparse', 23: 'Sparse' },
  Tensor: { 13: 'Entry', 16: 'Entry' },
  Sparse: { 1: 'Tensor', 2: 'Tensor' },
  Value: { 2: 'Type', 4: 'Entry' },
  Type: { 1: 'TensorType', 4: 'Inner', 5: 'Map', 8: 'TensorType', 9: 'Inner' },
  TensorType: { 2: 'Shape' },
  Shape: { 1: 'Dim' },
  Inner: { 1: 'Type' },
  Map: { 2: 'Type' },
  Function: { 7: 'Node', 9: 'Opset', 11: 'Attribute', 12: 'Value', 14: 'Entry' },
  Dim: {}, Opset: {}, Entry: {},
}
/** Fields of packed varints. */
const PACKED = { Tensor: [1, 5, 7, 11], Sparse: [3], Attribute: [8] }
/** Fields that refer to values, operators or domains, which are swapped with one another. */
const NAMES_OF = { Node: [1, 2, 3, 4, 7], Value: [1], Tensor: [8], Attribute: [1, 21], Function: [1, 4, 5, 6, 10], Opset: [1], Entry: [1, 2], Dim: [2], Graph: [2] }

/** @returns `{ type, fields: [{ number, wire, value }] }`, value being a bigint, bytes, numbers (packed) or a message */
export function decode(bytes, type = 'Model') {
  const fields = []
  for (let at = 0; at < bytes.length; ) {
    const [tag, next] = varint(bytes, at)
    const number = Number(tag >> 3n)
    const wire = Number(tag & 7n)
    at = next
    if (wire === 0) {
      const [value, end] = varint(bytes, at)
      fields.push({ number, wire, value })
      at = end
    } else {
      const [length, start] = wire === 2 ? varint(bytes, at) : [wire === 1 ? 8n : 4n, at]
      at = start + Number(length)
      fields.push({ number, wire, value: inside(bytes.subarray(start, at), type, number, wire) })
    }
  }
  return { type, fields }
}

function inside(bytes, type, number, wire) {
  const message = wire === 2 ? MESSAGES[type][number] : undefined
  if (message) return decode(bytes, message)
  if (!PACKED[type]?.includes(number)) return bytes
  const numbers = []
  for (let at = 0; at < bytes.length; ) {
    const [value, end] = varint(bytes, at)
    numbers.push(value)
    at = end
  }
  return { numbers }
}

function varint(bytes, at) {
  let value = 0n
  for (let shift = 0n; ; shift += 7n) {
    const byte = BigInt(bytes[at++] ?? 0)
    value |= (byte & 127n) << shift
    if (byte < 128n) return [value, at]
  }
}

export function encode(message) {
  const parts = []
  for (const { number, wire, value, lie = 0 } of message.fields) {
    parts.push(bytesOf((BigInt(number) << 3n) | BigInt(wire)))
    if (typeof value === 'bigint') parts.push(bytesOf(value))
    else {
      const inner = value.fields ? encode(value) : value.numbers ? Buffer.concat(value.numbers.map(bytesOf)) : value
      if (wire === 2) parts.push(bytesOf(BigInt(Math.max(0, inner.length + lie))))
      parts.push(inner)
    }
  }
  return Buffer.concat(parts)
}

function bytesOf(value) {
  const bytes = []
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

const copy = (value) => (value.fields ? { type: value.type, fields: value.fields.map((field) => ({ ...field, value: copy(field.value) })) } : value.numbers ? { numbers: [...value.numbers] } : value)

/** Every field of a message and of those inside it, with its owner. */
function places(message, found = []) {
  for (const field of message.fields) {
    found.push({ owner: message, field })
    if (field.value.fields) places(field.value, found)
  }
  return found
}

const isName = ({ owner, field }) => NAMES_OF[owner.type]?.includes(field.number) && Buffer.isBuffer(field.value)
const isInteger = ({ field }) => typeof field.value === 'bigint' || field.value.numbers?.length > 0
const isMessage = ({ field }) => field.value.fields !== undefined

/** Up to five changes of the tree; `trees` are the decoded seeds, from which parts are taken over. */
export function mutateMessage(tree, choice, trees) {
  const { pick, one, chance } = choice
  const root = copy(tree)
  for (let edits = 1 + pick(5); edits > 0; edits--) {
    const all = places(root)
    if (all.length === 0) break
    one(CHANGES)(all, { pick, one, chance, trees, root })
  }
  return encode(root)
}

const from = (all, test, one) => {
  const fitting = all.filter(test)
  return fitting.length > 0 ? one(fitting) : null
}
const insertAfter = ({ owner, field }, ...added) => owner.fields.splice(owner.fields.indexOf(field) + 1, 0, ...added)

const integer = (all, { one, pick }) => {
  const place = from(all, isInteger, one)
  if (!place) return
  const { field } = place
  const near = (value) => (pick(2) === 0 ? one(INTEGERS) : value + one([-1n, 1n, 2n, -8n]))
  if (typeof field.value === 'bigint') field.value = near(field.value)
  else {
    const at = pick(field.value.numbers.length)
    const kind = pick(4)
    if (kind === 0) field.value.numbers.splice(at, 1)
    else if (kind === 1) field.value.numbers.splice(at, 0, ...Array(1 + pick(20)).fill(one(INTEGERS)))
    else field.value.numbers[at] = near(field.value.numbers[at])
  }
}
const otherName = (all, { one, chance }) => {
  const place = from(all, isName, one)
  if (place) place.field.value = chance(0.5) ? Buffer.from(one(NAMES)) : one(all.filter(isName)).field.value
}
const remove = (all, { one }) => {
  const { owner, field } = one(all)
  owner.fields.splice(owner.fields.indexOf(field), 1)
}
const CHANGES = [
  integer, integer, integer, otherName, otherName, remove,
  function renameEverywhere(all, { one, chance }) {
    const place = from(all, isName, one)
    if (!place) return
    const old = place.field.value
    const name = Buffer.from(chance(0.8) ? one(NAMES.slice(0, 10)) : one(NAMES))
    for (const other of all) if (isName(other) && other.field.value.equals(old)) other.field.value = name
  },
  function repeat(all, { one, pick, chance }) {
    const place = one(all)
    const times = chance(0.03) ? 2000 : 1 + pick(3)
    const size = place.field.value.fields ? places(place.field.value).length : (place.field.value.length ?? 1)
    if (size * times < 200_000) insertAfter(place, ...Array.from({ length: times }, () => ({ ...place.field, value: copy(place.field.value) })))
  },
  function swap(all, { one }) {
    const [a, b] = [one(all).field, one(all).field]
    if (!contains(a, b) && !contains(b, a)) [a.value, b.value, a.wire, b.wire] = [b.value, a.value, b.wire, a.wire]
  },
  function another(all, { one, trees }) {
    const place = from(all, isMessage, one)
    const donors = place && places(one(trees)).filter(({ field }) => field.value.type === place.field.value.type)
    if (donors?.length > 0) place.field.value = copy(one(donors).field.value)
  },
  function addition(all, { one, trees, root }) {
    const { owner, field } = one(places(one(trees)))
    const hosts = [root, ...all.filter(isMessage).map((place) => place.field.value)].filter(({ type }) => type === owner.type)
    if (hosts.length > 0) one(hosts).fields.push({ ...field, value: copy(field.value) })
  },
  function nest(all, { one, pick, chance }) {
    const place = from(all, ({ field }) => ['Graph', 'Type'].includes(field.value.type), one)
    if (!place) return
    for (let depth = chance(0.05) ? 500 : 1 + pick(30); depth > 0; depth--) {
      const inner = place.field.value
      place.field.value = inner.type === 'Type' ? message('Type', [[4, message('Inner', [[1, inner]])]]) : message('Graph', [[1, message('Node', [[4, Buffer.from('If')], [5, message('Attribute', [[1, Buffer.from('then_branch')], [6, inner]])]])]])
    }
  },
  function bytes(all, { one, pick }) {
    const place = from(all, ({ field }) => Buffer.isBuffer(field.value), one)
    if (!place) return
    const old = place.field.value
    place.field.value = one([old.subarray(0, pick(old.length + 1)), Buffer.concat([old, Buffer.alloc(1 + pick(16))]), Buffer.alloc(0), Buffer.alloc(old.length, 255), Buffer.from(one(NAMES))])
  },
  function wire(all, { one }) {
    const { field } = one(all)
    const type = one([0, 1, 2, 3, 4, 5, 6, 7])
    field.value = type === 0 ? one(INTEGERS) : type === 1 ? Buffer.alloc(8, 1) : type === 5 ? Buffer.alloc(4, 1) : Buffer.alloc(3, 8)
    field.wire = type
  },
  function number(all, { one, pick }) {
    one(all).field.number = one([0, 1, 2, 5, 6, 10, 11, 13, 15, 20, 25, pick(30), 19000, 536870911, 536870912])
  },
  function external(all, { one }) {
    const place = from(all, ({ field }) => field.value.type === 'Tensor', one)
    if (!place) return
    const entry = (key, value) => [13, message('Entry', [[1, Buffer.from(key)], [2, Buffer.from(value)]])]
    const added = message('Tensor', [[14, 1n], entry('location', one([...NAMES, 'weights.bin'])), entry('offset', one(['0', '-1', '9223372036854775808', 'x'])), entry(one(NAMES), one(NAMES))])
    place.field.value.fields.push(...added.fields)
  },
  function lie(all, { one, pick }) {
    const place = from(all, ({ field }) => field.wire === 2, one)
    if (place) place.field.lie = one([-1, 1, 100, 1 << 30, -pick(50)])
  },
]

const contains = (outer, inner) => outer === inner || (outer.value.fields?.some((field) => contains(field, inner)) ?? false)
const message = (type, fields) => ({ type, fields: fields.map(([number, value]) => ({ number, wire: typeof value === 'bigint' ? 0 : 2, value })) })
