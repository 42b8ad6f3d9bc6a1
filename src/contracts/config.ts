/** @file The configuration of an audit, as written by users and as the rest of the program reads it. */
import type { ModelLimits } from './model-limits.js'

/** What fills an input of the model: either columns or an array. */
export type InputMapping = {
  /** Column names, or one pattern in which `*` stands for anything: 'pixel_*'. */
  columns?: string | string[]
  /** An array of a NumPy file; the images of an image folder are the array `image`. */
  array?: string
  /** Without the batch axis (a leading batch size of the model is added). */
  shape?: number[]
  /** Every value is multiplied by this. */
  scale?: number
  /** Arrays: subtracted after `scale`, one number or one per channel. */
  mean?: number | number[]
  /** Arrays: divided by after `mean`. */
  std?: number | number[]
  /** Arrays: which axis of the model's input holds the channels. */
  layout?: 'nchw' | 'nhwc'
}

/** Images as data: which they are, and how they are made as large as the model's input. */
export type ImagesConfig = {
  /** The column of `data.path` that names the files. Without it `data.path` is a folder with one folder per class. */
  column?: string
  /** Where these files are, relative to the configuration. */
  folder?: string
  /** `cover` (default) keeps proportions and cuts what is left over at the edges; `fill` stretches. */
  fit?: 'cover' | 'fill'
  /** Order of the colours in the model's input; default rgb, or gray where it has one channel. */
  colors?: 'rgb' | 'bgr' | 'gray'
  /** [height, width], where the model takes any. */
  size?: [number, number]
}

export type ModelConfig = {
  path: string
  inputs?: Record<string, InputMapping>
  /** `low`: gradients compute activations again instead of keeping them. Default `normal`. */
  memory?: 'normal' | 'low'
  /** What the model may be before any runtime sees it. They decide whether it is opened, never what comes out. */
  limits?: Partial<ModelLimits>
  output?: { name?: string; kind?: 'logits' | 'probabilities' | 'score' | 'label'; classes?: (string | number)[] }
}

/** `{ from: value, to: value }` pairs as a record (yes: 1, no: 0), or 'one-hot'. */
export type Encoding = 'one-hot' | Record<string, number>

export type RowSelection =
  /** Half-open, 0-based: [1200, 1797]. */
  | { range: [number, number] }
  /** A seeded sample of this many rows, kept in file order. */
  | { sample: number }

export type DataConfig = {
  path: string
  format?: 'csv' | 'parquet' | 'jsonl' | 'npy' | 'npz' | 'images'
  delimiter?: string
  /** The arrays of an .npz file that are read; default all. */
  arrays?: string[]
  images?: ImagesConfig
  label?: string
  /** Class the model detects. */
  positive?: string | number | boolean
  /** Outcome a person wants. Default: `positive`. */
  favorable?: string | number | boolean
  /** Default: every column that has no other role. */
  features?: string[]
  encode?: Record<string, Encoding>
  sensitive?: string[]
  /** Edges of bins for a numeric sensitive column: { age: [25, 45, 65] }. */
  bins?: Record<string, number[]>
  /** Intersections to judge; others are informative. */
  intersections?: string[][]
  /** Groups left out of the judged comparison, with the reason that the report prints. */
  exclude?: { group: Record<string, string | number>; reason: string }[]
  /** Group minimum per denominator; default 30. */
  minimumGroupSize?: number
  labelMeaning?: 'outcome' | 'human-decision' | 'proxy'
  /** '1200:1797' (0-based, half-open) or the object form. */
  rows?: string | RowSelection
  /** Columns with stored predictions and scores: an audit without a model. */
  prediction?: string
  score?: string
  /** Reserved: refused until weighted and clustered estimates exist. */
  weight?: string
  cluster?: string
  control?: string[]
}

export type OnInsufficient = 'fail' | 'warn'

/** Threshold and parameters of one audit. Metric-specific parameters stand beside the common ones. */
export type AuditConfig = {
  /** Distinguishes several entries of one metric. */
  name?: string
  min?: number
  max?: number
  /** `evidence` (default) judges the interval, `estimate` the bare value. */
  judge?: 'evidence' | 'estimate'
  onInsufficient?: OnInsufficient
  setBy?: string
  on?: string
  reason?: string
  [parameter: string]: unknown
}

export type ProbityConfig = {
  model?: ModelConfig
  data: DataConfig
  decision?: { threshold?: number }
  /** Absent: every metric that data and model allow, nothing judged. */
  audits?: Record<string, AuditConfig | AuditConfig[] | true>
  seed?: number
  plugins?: string[]
}
