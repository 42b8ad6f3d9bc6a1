import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ImagesConfig } from '../../src/contracts/config.js'
import { decodeImages, imageTarget, readTable, type ModelInputs, type Table } from '../../src/data/index.js'
import { folder, input, refusal } from './helpers.js'

type Pillow = { readonly size: readonly [number, number]; readonly images: Readonly<Record<string, { readonly png: string; readonly resized: readonly number[]; readonly cut: readonly number[]; readonly gray: readonly number[] }>> }
const pillow = JSON.parse(readFileSync('test/fixtures/data/images/pillow.json', 'utf8')) as Pillow

const colors = { r: 200, g: 100, b: 50 }
const plain = (width = 4, height = 4, background: object = colors) => sharp({ create: { width, height, channels: 3, background: background as typeof colors } })
let scratch = 0
const target = (dims: readonly (number | string)[], images?: ImagesConfig) => imageTarget({ mapping: undefined, inputs: [input('image', dims)] }, images)

/** [rows, height, width, channels] of the files of a table. */
async function pixels(table: Table, size: ReturnType<typeof target>, rows = Array.from({ length: table.rows }, (_, row) => row)) {
  const { table: decoded, findings } = await decodeImages(table, table.images!, rows, size, join(folder, `scratch-${++scratch}`))
  const array = decoded.arrays[0]!
  return { values: Array.from(array.take(rows), Number), shape: array.shape, findings }
}

/** One image as the only one of its class. */
async function one(name: string, bytes: Uint8Array, size = target(['N', 3, 4, 4])) {
  const path = join(folder, `one-${++scratch}`)
  mkdirSync(join(path, 'c'), { recursive: true })
  writeFileSync(join(path, 'c', name), bytes)
  return pixels(await readTable(path), size)
}

describe('a folder of folders', () => {
  let path: string
  beforeAll(async () => {
    path = join(folder, 'classes')
    for (const [name, background] of [['b/2.png', { r: 1, g: 2, b: 3 }], ['b/10.jpg', colors], ['a/x.PNG', { r: 9, g: 8, b: 7 }]] as const) {
      mkdirSync(join(path, name[0]!), { recursive: true })
      await plain(4, 4, background).toFile(join(path, name))
    }
    writeFileSync(join(path, '.DS_Store'), 'x')
  })
  test('is a table of files and classes, sorted', async () => {
    const table = await readTable(path)
    expect([table.column('file'), table.column('class'), table.arrays]).toEqual([['a/x.PNG', 'b/10.jpg', 'b/2.png'], ['a', 'b', 'b'], []])
  })
  test('of which only the wanted rows are decoded', async () => {
    const { values, shape, findings } = await pixels(await readTable(path), target(['N', 3, 4, 4]), [2])
    expect([shape, values.slice(0, 6), values.length, findings]).toEqual([[4, 4, 3], [1, 2, 3, 1, 2, 3], 48, []])
  })
  test('in the order of colours that the model wants', async () => {
    const table = await readTable(path)
    expect((await pixels(table, target(['N', 3, 4, 4], { colors: 'bgr' }), [0])).values.slice(0, 3)).toEqual([7, 8, 9])
    expect((await pixels(table, target(['N', 1, 4, 4]), [0])).values.slice(0, 2)).toEqual([8, 8])
  })
  test('with anything else in it is refused', async () => {
    writeFileSync(join(path, 'a', 'notes.txt'), 'x')
    expect(await refusal(() => readTable(path))).toContain('"a/notes.txt" is no image file')
  })
})

describe('as Pillow decodes and resizes them', () => {
  const size = (fit: 'cover' | 'fill') => target(['N', ...pillow.size, 3], { fit })
  test.each(Object.entries(pillow.images))('%s', async (_, { png, resized, cut }) => {
    expect((await one('x.png', Buffer.from(png, 'base64'), size('fill'))).values).toEqual(resized)
    expect((await one('x.png', Buffer.from(png, 'base64'), size('cover'))).values).toEqual(cut)
  })
  test.each(Object.entries(pillow.images))('%s in gray, at its own size, is equal', async (_, { png, gray }) => {
    const { width, height } = await sharp(Buffer.from(png, 'base64')).metadata()
    expect((await one('x.png', Buffer.from(png, 'base64'), target(['N', 1, height, width]))).values).toEqual(gray)
  })
})

describe('files of every kind', () => {
  test.each(['png', 'webp', 'gif', 'tiff', 'jpeg'] as const)('%s', async (format) => {
    const bytes = await plain().toFormat(format, format === 'webp' ? { lossless: true } : {}).toBuffer()
    const { values } = await one(`x.${format}`, bytes)
    values.forEach((value, i) => expect(Math.abs(value - [200, 100, 50][i % 3]!)).toBeLessThanOrEqual(format === 'jpeg' ? 2 : 0))
  })
  test('16 bits, a palette, gray, and an alpha channel that hides nothing', async () => {
    const deep = await plain().toColourspace('rgb16').png().toBuffer()
    expect((await sharp(deep).metadata()).depth).toBe('ushort')
    expect((await one('x.png', deep)).values.slice(0, 3)).toEqual([200, 100, 50])
    expect((await one('x.png', await plain().png({ palette: true }).toBuffer())).values.slice(0, 3)).toEqual([200, 100, 50])
    expect((await one('x.png', await plain().ensureAlpha(1).png().toBuffer())).values.slice(0, 3)).toEqual([200, 100, 50])
    expect((await one('x.png', await sharp(Buffer.alloc(16, 77), { raw: { width: 4, height: 4, channels: 1 } }).png().toBuffer())).values.slice(0, 3)).toEqual([77, 77, 77])
  })
  test('turned as EXIF says', async () => {
    const raw = Buffer.from([0, 0, 0, 255, 255, 255]) // left black, right white
    const turned = await sharp(raw, { raw: { width: 2, height: 1, channels: 3 } }).withMetadata({ orientation: 6 }).png().toBuffer() // a quarter clockwise
    expect((await one('x.png', turned, target(['N', 2, 1, 3]))).values).toEqual([0, 0, 0, 255, 255, 255])
  })
  test('cut to the proportions of the input, or stretched', async () => {
    const stripes = await sharp({ create: { width: 12, height: 4, channels: 3, background: '#000' } }).composite([{ input: { create: { width: 4, height: 4, channels: 3, background: '#fff' } }, left: 4, top: 0 }]).png().toBuffer()
    const cover = await one('x.png', stripes, target(['N', 3, 4, 4]))
    expect(new Set(cover.values)).toEqual(new Set([255]))
    expect(cover.findings).toMatchObject([{ id: 'images-resized', details: { resized: 1, images: 1, width: 4, height: 4, fit: 'cover' } }])
    const fill = await one('x.png', stripes, target(['N', 3, 4, 4], { fit: 'fill' }))
    expect(fill.values.slice(0, 3)).toEqual([0, 0, 0])
  })
})

describe('refused in one line', () => {
  test.each([
    ['half transparent', () => plain().ensureAlpha(0.5).png().toBuffer(), 'The image "c/x.png" is partly transparent, and a model sees no transparency. Put it on the background that is meant.'],
    ['SVG', () => Promise.resolve(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><image href="file:///etc/passwd"/></svg>')), /^The image "c\/x\.png" (is svg, and images are read from|cannot be read: )/],
    ['text', () => Promise.resolve(Buffer.from('no image')), /^The image "c\/x\.png" cannot be read: /],
    ['several frames', () => sharp(Buffer.from([...new Array<number>(48).fill(0), ...new Array<number>(48).fill(255)]), { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } }).gif().toBuffer(), 'The image "c/x.png" has 2 pages or frames. Save the one that is meant as an image of its own.'],
    ['cut off', async () => (await sharp(Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 7919) % 251)), { raw: { width: 64, height: 64, channels: 3 } }).png({ compressionLevel: 0 }).toBuffer()).subarray(0, 6000), /^The image "c\/x\.png" cannot be read: /],
    ['10 gigapixels', async () => withSize(await plain().png().toBuffer(), 100_000, 100_000), /^The image "c\/x\.png" cannot be read: Input image exceeds pixel limit/],
  ])('%s', async (_, bytes, message) => {
    const said = await refusal(async () => one('x.png', await bytes()))
    if (typeof message === 'string') expect(said).toBe(message)
    else expect(said).toMatch(message)
  })
})

/** Writes another width and height into a PNG, with the checksum that belongs to them. */
function withSize(png: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(png)
  copy.writeUInt32BE(width, 16)
  copy.writeUInt32BE(height, 20)
  let crc = 0xffffffff
  for (const byte of copy.subarray(12, 29)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  copy.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 29)
  return copy
}

describe('what the model wants', () => {
  test.each<[readonly (number | string)[], ImagesConfig | undefined, object]>([
    [['N', 3, 224, 224], undefined, { height: 224, width: 224, colors: 'rgb', fit: 'cover' }],
    [['N', 28, 32, 1], undefined, { height: 28, width: 32, colors: 'gray', fit: 'cover' }],
    [['N', 28, 32], { fit: 'fill' }, { height: 28, width: 32, colors: 'gray', fit: 'fill' }],
    [['N', 3, 'h', 'w'], { size: [20, 10] }, { height: 20, width: 10, colors: 'rgb', fit: 'cover' }],
  ])('%j with %j', (dims, images, wanted) => expect(target(dims, images)).toEqual(wanted))
  test.each<[readonly (number | string)[], ImagesConfig | undefined, string]>([
    [['N', 3, 'h', 'w'], undefined, 'any height and width. State data.images.size'],
    [['N', 3, 8, 3], undefined, 'it cannot be told where its channels are. State model.inputs.image.layout'],
    [['N', 5, 8, 8], undefined, 'it cannot be told where its channels are'],
    [['N', 64], undefined, 'images have the shape [N, channels, height, width]'],
    [['N', 1, 8, 8], { colors: 'rgb' }, '1 channel, which data.images.colors rgb does not give'],
    [['N', 1, 8, 8], { size: [9, 9] }, 'and data.images.size is [9, 9]. Remove it.'],
  ])('%j with %j is refused', async (dims, images, message) => expect(await refusal(() => target(dims, images))).toContain(message))
  test('which input, where there are several', async () => {
    const model: ModelInputs = { mapping: undefined, inputs: [input('a', ['N', 3, 8, 8]), input('b', ['N', 2])] }
    expect(await refusal(() => imageTarget(model))).toContain('State model.inputs: { a: { array: image } }.')
    expect(imageTarget({ ...model, mapping: { a: { array: 'image' }, b: { columns: 'x*' } } })).toMatchObject({ height: 8, width: 8 })
  })
})
