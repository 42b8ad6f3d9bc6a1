/** @file Where a model says what its classes are called. */
import { isExternal, type Initializer, type Node, type OnnxModel } from './ir.js'

const decoder = new TextDecoder()

/** Labels in the attributes of classifiers and of ZipMap; null when there are none. */
export function attributeLabels(node: Node): string[] | null {
  for (const name of ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints']) {
    const attribute = node.attributes.get(name)
    if (attribute?.type === 'strings' && attribute.value.length > 0) return attribute.value.map((text) => decoder.decode(text))
    if (attribute?.type === 'ints' && attribute.value.length > 0) return attribute.value.map(String)
  }
  return null
}

/** Labels in a constant that label indices are looked up in. */
export function constantLabels(tensor: Initializer | undefined): string[] | null {
  if (!tensor || isExternal(tensor) || tensor.data.length === 0) return null
  return Array.from(tensor.data as ArrayLike<string | number | bigint>, String)
}

/** Labels in the file's metadata: keys `classes`, `class_names` or `labels`, a JSON list or names between commas. */
export function metadataLabels(model: Pick<OnnxModel, 'metadata'>): string[] | null {
  for (const key of ['classes', 'class_names', 'labels']) {
    const text = model.metadata[key]?.trim()
    if (text) return jsonList(text) ?? text.split(',').map((label) => label.trim())
  }
  return null
}

function jsonList(text: string): string[] | null {
  if (!text.startsWith('[')) return null
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) && list.every((item) => ['string', 'number', 'boolean'].includes(typeof item)) ? list.map(String) : null
  } catch {
    return null
  }
}
