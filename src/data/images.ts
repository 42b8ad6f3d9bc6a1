/** @file Image files as an array of bytes, as large as the model's input wants them. Decoding is done by sharp (libvips), in the child process only. */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { ImagesConfig } from '../contracts/config.js'
import type { Finding } from '../contracts/dataset.js'
import { messageOf, ProbityError } from '../contracts/errors.js'
import type { Dim } from '../contracts/model.js'
import { fileArray, writeAll, type TableArray } from './arrays.js'
import type { ModelInputs } from './inputs.js'
import { resize, type Picture } from './resample.js'
import type { Table, TableImages } from './table.js'
import { count, list, quote } from './wording.js'

export type ImageTarget = { readonly height: number; readonly width: number; readonly colors: 'rgb' | 'bgr' | 'gray'; readonly fit: 'cover' | 'fill' }
export const IMAGE_ARRAY = 'image'
/** A 64-megapixel photograph; the decoders refuse more before they allocate. */
const MOST_PIXELS = 2 ** 26
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff'])

/**
 * What the model's input says about size and channels.
 * @throws ProbityError when that cannot be told
 */
export function imageTarget(model: ModelInputs, { colors, fit = 'cover', size }: ImagesConfig = {}): ImageTarget {
  const { inputs, mapping } = model
  const found = inputs.find(({ name }) => mapping?.[name]?.array === IMAGE_ARRAY) ?? (mapping === undefined && inputs.length === 1 ? inputs[0] : undefined)
  if (!found) throw new ProbityError('data/input-mapping', `Nothing says which of the model's inputs (${list(inputs.map(({ name }) => name))}) the images fill. State model.inputs: { ${inputs[0]?.name ?? 'name'}: { array: ${IMAGE_ARRAY} } }.`)
  const tail = found.dims?.slice(1) ?? []
  const takes = `The model's input ${quote(found.name)} takes [${(found.dims ?? []).map((dim) => dim ?? '?').join(', ')}]`
  const layout = mapping?.[found.name]?.layout ?? layoutOf(tail)
  const [height, width, channels] = tail.length === 2 ? [...tail, 1] : layout === 'nchw' ? [tail[1], tail[2], tail[0]] : [tail[0], tail[1], tail[2]]
  if (tail.length < 2 || tail.length > 3) throw new ProbityError('data/input-shape', `${takes}, and images have the shape [N, channels, height, width] or [N, height, width, channels]. Export the model with such an input.`)
  if (tail.length === 3 && layout === null) throw new ProbityError('data/input-shape', `${takes}, and it cannot be told where its channels are. State model.inputs.${found.name}.layout: nchw or nhwc.`)
  const known = typeof height === 'number' && typeof width === 'number' ? [height, width] as const : size
  if (!known) throw new ProbityError('data/image-size', `${takes}, any height and width. State data.images.size: [height, width].`)
  if (size && size.join() !== known.join()) throw new ProbityError('data/image-size', `${takes}, and data.images.size is [${size.join(', ')}]. Remove it.`)
  if (typeof channels === 'number' && channels !== 1 && channels !== 3) throw new ProbityError('data/input-shape', `${takes}: ${channels} channels. Images give 1 (gray) or 3 (colours).`)
  const order = colors ?? (channels === 1 ? 'gray' : 'rgb')
  if (typeof channels === 'number' && (order === 'gray') !== (channels === 1)) throw new ProbityError('data/image-colors', `${takes}: ${count(channels, 'channel')}, which data.images.colors ${order} does not give. Remove it.`)
  return { height: known[0], width: known[1], colors: order, fit }
}

const isChannels = (dim: Dim | undefined): boolean => dim === 1 || dim === 3

function layoutOf(tail: readonly Dim[]): 'nchw' | 'nhwc' | null {
  const [first, last] = [isChannels(tail[0]), isChannels(tail.at(-1))]
  return first === last ? null : first ? 'nchw' : 'nhwc'
}

/**
 * Decodes the images of the given rows of a table.
 *
 * @param scratch file that the pixels are written to; it must not exist yet
 * @throws ProbityError for the first image that cannot be read as it is, naming it
 */
export async function decodeImages(table: Table, images: TableImages, rows: readonly number[], target: ImageTarget, scratch: string): Promise<{ readonly table: Table; readonly findings: readonly Finding[] }> {
  const { codes, distinct } = table.coded(images.column)
  const nameOf = (row: number): string => {
    const name = codes[row] < 0 ? undefined : distinct[codes[row]]
    if (name === undefined) throw new ProbityError('data/image', `${table.path}, ${table.where(row)}: column ${quote(images.column)} names no image. Name one, or leave the row out.`)
    return name
  }
  const decode = await decoder()
  const placeOf = new Map(rows.map((row, place) => [row, place]))
  let resized = 0
  const file = openSync(scratch, 'wx', 0o600)
  try {
    // One after the other: a photograph takes 250 MB in full size.
    for (const row of rows) {
      const name = nameOf(row)
      const picture = await decode(join(images.folder, name), name)
      if (picture.width !== target.width || picture.height !== target.height) resized++
      writeAll(file, inOrder(resize(picture, target.width, target.height, target.fit), target.colors))
    }
  } finally {
    closeSync(file)
  }
  const shape = [target.height, target.width, target.colors === 'gray' ? 1 : 3]
  const array: TableArray = { ...fileArray(scratch, { name: IMAGE_ARRAY, dtype: 'uint8', shape, rows: rows.length }, placeOf), rows: table.rows, channelsLast: true }
  return { table: { ...table, arrays: [...table.arrays, array], images: null }, findings: resized === 0 ? [] : [resizedFinding(resized, rows.length, target)] }
}

const resizedFinding = (resized: number, rows: number, { width, height, fit }: ImageTarget): Finding => ({
  id: 'images-resized', severity: 'info',
  message: `${resized} of ${count(rows, 'image')} had another size and ${resized === 1 ? 'was' : 'were'} made ${width} × ${height} pixels, ${fit === 'cover' ? 'cut at the edges where the proportions differ' : 'stretched where the proportions differ'}, as Pillow does with BILINEAR. Training may have done it otherwise.`,
  details: { resized, images: rows, width, height, fit },
})

/** Gray as ITU-R BT.601 weighs the colours, in the fixed-point arithmetic that Pillow uses; gray images stay what they are. */
function inOrder(rgb: Uint8Array, colors: ImageTarget['colors']): Uint8Array {
  if (colors === 'rgb') return rgb
  const pixels = rgb.length / 3
  if (colors === 'gray') return Uint8Array.from({ length: pixels }, (_, i) => (rgb[3 * i] * 19595 + rgb[3 * i + 1] * 38470 + rgb[3 * i + 2] * 7471 + 0x8000) >> 16)
  return Uint8Array.from(rgb, (_, i) => rgb[i - (i % 3) + 2 - (i % 3)])
}

/** @throws ProbityError when sharp is not installed */
async function decoder(): Promise<(path: string, name: string) => Promise<Picture>> {
  const { default: sharp } = await import('sharp').catch((cause: unknown) => Promise.reject(new ProbityError('data/no-sharp', 'Reading images needs the package sharp, which is not installed here: npm install sharp', { cause })))
  // Every image is read once, and memory counts more than speed.
  sharp.cache(false)
  sharp.concurrency(1)
  return async (path, name) => {
    const refuse = (why: string, cause?: unknown): ProbityError => new ProbityError('data/image', `The image ${quote(name)} ${why}`, { cause })
    try {
      const image = sharp(path, { failOn: 'error', limitInputPixels: MOST_PIXELS, sequentialRead: true })
      const { format, pages = 1 } = await image.metadata()
      if (!format || !FORMATS.has(format)) throw refuse(`is ${format ?? 'of an unknown format'}, and images are read from PNG, JPEG, WebP, GIF and TIFF. Convert it.`)
      if (pages > 1) throw refuse(`has ${pages} pages or frames. Save the one that is meant as an image of its own.`)
      const { data, info: { width, height, channels } } = await image.rotate().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
      return { rgb: opaque(data, channels, width * height, refuse), width, height }
    } catch (error) {
      throw error instanceof ProbityError ? error : refuse(`cannot be read: ${messageOf(error)}. Save it again, as PNG for example.`, error)
    }
  }
}

/** [pixels, 3], without its alpha channel, where that hides nothing: what lies under a transparent pixel is arbitrary. */
function opaque(data: Uint8Array, channels: number, pixels: number, refuse: (why: string) => ProbityError): Uint8Array {
  const colors = channels >= 3 ? 3 : 1
  if (data.length !== pixels * channels) throw refuse('was decoded to another size than its own. Save it again, as PNG for example.')
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    if (channels > colors && data[i * channels + colors] !== 255) throw refuse('is partly transparent, and a model sees no transparency. Put it on the background that is meant.')
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (colors === 3 ? c : 0)]
  }
  return rgb
}
