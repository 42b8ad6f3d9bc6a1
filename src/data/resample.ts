/**
 * @file Resizing as Pillow does it with BILINEAR, bit for bit: linear interpolation whose width grows with the reduction, in fixed-point arithmetic,
 * first along rows, then along columns. Most models of images are trained on pictures that were made this way, and a model answers otherwise for others.
 */
export type Picture = { readonly width: number; readonly height: number; /** [height, width, 3] */ readonly rgb: Uint8Array }
/** Part of a line of pixels, in pixels; ends need not be whole. */
type Span = readonly [from: number, to: number]

/** For each new pixel, where its old ones begin and what they count. */
type Taps = readonly { readonly first: number; readonly weights: Int32Array }[]

/** 32 bits less 8 of the pixel and 2 of headroom. */
const PRECISION_BITS = 22
const HALF = 1 << (PRECISION_BITS - 1)

/** `cover` cuts evenly at both edges what the new proportions leave over (Pillow's ImageOps.fit); `fill` stretches. */
export function resize(picture: Picture, width: number, height: number, fit: 'cover' | 'fill'): Uint8Array {
  const [across, down] = fit === 'fill' ? [[0, picture.width], [0, picture.height]] as const : covered(picture, width, height)
  const narrowed = needed(across, picture.width, width) ? resampleRows(picture, width, tapsOf(picture.width, across, width)) : picture.rgb
  return needed(down, picture.height, height) ? resampleColumns(narrowed, width, height, tapsOf(picture.height, down, height)) : narrowed
}

const needed = ([from, to]: Span, size: number, wanted: number): boolean => size !== wanted || from !== 0 || to !== size

function covered({ width, height }: Picture, wantedWidth: number, wantedHeight: number): readonly [Span, Span] {
  const ratio = wantedWidth / wantedHeight
  const [keptWidth, keptHeight] = width / height >= ratio ? [ratio * height, height] : [width, width / ratio]
  const [left, top] = [(width - keptWidth) * 0.5, (height - keptHeight) * 0.5]
  // Pillow hands the edges over as 32-bit floats.
  return [[Math.fround(left), Math.fround(left + keptWidth)], [Math.fround(top), Math.fround(top + keptHeight)]]
}

function tapsOf(size: number, [from, to]: Span, wanted: number): Taps {
  const scale = Math.fround(to - from) / wanted
  const support = Math.max(1, scale)
  return Array.from({ length: wanted }, (_, place) => {
    const center = from + (place + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support + 0.5))
    const count = Math.min(size, Math.trunc(center + support + 0.5)) - first
    const weights = Float64Array.from({ length: count }, (_, i) => Math.max(0, 1 - Math.abs((i + first - center + 0.5) * (1 / support))))
    const sum = weights.reduce((total, weight) => total + weight, 0)
    return { first, weights: Int32Array.from(weights, (weight) => Math.trunc(0.5 + (weight / sum) * (1 << PRECISION_BITS))) }
  })
}

function resampleRows({ rgb, width, height }: Picture, wanted: number, taps: Taps): Uint8Array {
  const result = new Uint8Array(height * wanted * 3)
  for (let row = 0; row < height; row++) {
    taps.forEach(({ first, weights }, place) => {
      for (let channel = 0; channel < 3; channel++) {
        let sum = HALF
        for (let i = 0; i < weights.length; i++) sum += weights[i] * rgb[(row * width + first + i) * 3 + channel]
        result[(row * wanted + place) * 3 + channel] = clip(sum)
      }
    })
  }
  return result
}

function resampleColumns(rgb: Uint8Array, width: number, wanted: number, taps: Taps): Uint8Array {
  const line = width * 3
  const result = new Uint8Array(wanted * line)
  taps.forEach(({ first, weights }, place) => {
    for (let k = 0; k < line; k++) {
      let sum = HALF
      for (let i = 0; i < weights.length; i++) sum += weights[i] * rgb[(first + i) * line + k]
      result[place * line + k] = clip(sum)
    }
  })
  return result
}

const clip = (sum: number): number => Math.min(255, Math.max(0, sum >> PRECISION_BITS))
