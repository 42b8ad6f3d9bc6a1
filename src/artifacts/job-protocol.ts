/**
 * @file What parent and child say to each other. Requests go to the child's stdin, replies come on descriptor 3, one bounded line of JSON each;
 * whatever is large travels as a part file in the run's private folder. The child is not trusted: every reply is checked.
 */
import { Ajv } from 'ajv'
import type { DataConfig, InputMapping, ModelConfig } from '../contracts/config.js'
import type { InputPlan } from '../contracts/dataset.js'
import type { Backend, Device, EngineName, ModelInput } from '../contracts/model.js'
import type { ModelLimits } from '../contracts/model-limits.js'
import type { Loss } from '../contracts/objective.js'
import type { Json } from './kind.js'

/** A staged model and how it is to be read. */
export type ModelReference = {
  /** The private copy, with its external files beside it. */
  readonly staged: string
  /** As the user wrote it, for messages. */
  readonly original: string
  readonly output: ModelConfig['output'] | null
  /** Null: what the format asks for. */
  readonly engine: EngineName | null
  readonly device: Device
  readonly backend: Backend | null
  /** Rows that the engine runs at a time at most. */
  readonly blockRows: number
  readonly memory: 'normal' | 'low'
  /** Threads of the engine, where children share the machine; null: its own choice. Outputs do not depend on it. */
  readonly threads: number | null
}

/** A data set that was decoded before, as a part file. */
export type ViewReference = { readonly part: string; /** Folder of the view's arrays. */ readonly arrays: string; readonly original: string }

/** Checks a model's bytes before any runtime sees them. Part: `{ locations: string[], blockRows: number, gainsFromGpu: boolean }`. */
export type PreflightJob = { readonly type: 'preflight'; readonly staged: string; readonly original: string; readonly memory: 'normal' | 'low'; readonly limits: Partial<ModelLimits> }

/** Opens the model, which tells what the data has to fill. Part: `{ inputs: ModelInput[], loadMs }`. */
export type OpenModelJob = { readonly type: 'open-model'; readonly model: ModelReference }

/** Runs one row, then some rows together and alone. Part: `{ summary: ModelSummary, rowMs }`. */
export type InspectModelJob = {
  readonly type: 'inspect-model'
  readonly model: ModelReference
  readonly view: ViewReference
  readonly inputs: readonly InputPlan[]
}

/** Decodes and encodes the data. Part: a DatasetView and its InputPlans (view-codec.ts). */
export type DatasetJob = {
  readonly type: 'dataset'
  readonly staged: string
  readonly original: string
  /** Whether the file was written from a table in memory (data-frame-csv.ts). */
  readonly inMemory: boolean
  /** The private copies of the images that a table names; null without. */
  readonly images: string | null
  /** Private folder for what is large: the arrays of the view. */
  readonly arrays: string
  readonly config: DataConfig
  /** What there is to fill, and the config's word on which columns fill it. */
  readonly model: { readonly inputs: readonly ModelInput[]; readonly mapping: Readonly<Record<string, InputMapping>> | null } | null
  readonly seed: number
}

/** Lists the images that a table names, so that the parent can stage them. Part: a tensor `files` of distinct names. */
export type ListImagesJob = { readonly type: 'list-images'; readonly staged: string; readonly original: string; readonly config: DataConfig; readonly column: string }

/** One block of an artifact. Part: what the kind's gatherer returns. */
export type GatherJob = {
  readonly type: 'gather'
  readonly kind: string
  readonly concrete: Json
  readonly rows: readonly number[]
  readonly seed: number
  readonly model: ModelReference
  readonly view: ViewReference
  readonly inputs: readonly InputPlan[]
}

/** What a gradient is taken of. Without an output, the model's answer; without `withRespectTo`, every float input. */
export type GradientRequest = { readonly output?: string; readonly loss?: Loss; readonly withRespectTo?: readonly string[] }

/** Makes a gradient model, or only says what is in the way. Part: `{ files, target, objective, gradients, approximations, obstacles }`. */
export type GradientModelJob = {
  readonly type: 'gradient-model'
  readonly model: ModelReference
  readonly request: GradientRequest
  /** Private folder and file name that the model is written to; null to check only. */
  readonly target: { readonly folder: string; readonly name: string } | null
}

/** Converts a LayersModel to ONNX, or only says what is in the way. Part: `{ files, obstacles }`. */
export type ConvertModelJob = {
  readonly type: 'convert-model'
  readonly model: ModelReference
  /** Private folder and file name that the model is written to; null to check only. */
  readonly target: { readonly folder: string; readonly name: string } | null
}

export type Job = PreflightJob | OpenModelJob | InspectModelJob | DatasetJob | ListImagesJob | GatherJob | GradientModelJob | ConvertModelJob
export type JobType = Job['type']

/** Parent → child. */
export type JobRequest = {
  readonly id: number
  /** The watchdog thread ends the process after this. */
  readonly deadlineMs: number
  /** The part file to write; it must not exist yet. */
  readonly output: string
  readonly job: Job
}

/** Child → parent. `killed` is the watchdog's last word. */
export type JobReply =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly residentBytes: number }
  | { readonly type: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly type: 'killed'; readonly reason: 'deadline' | 'memory' }

/** Longest line of a reply, in bytes; what is large belongs in the part. */
export const REPLY_LIMIT_BYTES = 64 * 1024
export const MESSAGE_LIMIT = 4096
/** The descriptor of replies: stdout and stderr belong to the libraries, which print as they like. */
export const REPLY_DESCRIPTOR = 3

const id = { type: 'integer', minimum: 0 }
const reply = (type: JobReply['type'], properties: Record<string, object>) => ({
  type: 'object',
  additionalProperties: false,
  required: ['type', ...Object.keys(properties)],
  properties: { type: { const: type }, ...properties },
})

/** Whether a child's line, parsed, is a reply. */
export const isReply = new Ajv().compile<JobReply>({
  oneOf: [
    reply('ready', {}),
    reply('done', { id, residentBytes: { type: 'integer', minimum: 0 } }),
    reply('failed', { id, code: { type: 'string', maxLength: 100, pattern: '^[a-z0-9/-]+$' }, message: { type: 'string', maxLength: MESSAGE_LIMIT } }),
    reply('killed', { reason: { enum: ['deadline', 'memory'] } }),
  ],
})

/** A device may also be chosen by TensorFlow.js' backend. */
export const usesGpu = (job: Job): boolean =>
  'model' in job && job.model !== null && 'device' in job.model && (job.model.device === 'webgpu' || job.model.device === 'cuda' || job.model.backend === 'webgpu' || job.model.backend === 'node-gpu')

/** What a job does, in words, to begin an error line with. */
export function describeJob(job: Job): string {
  switch (job.type) {
    case 'preflight': return `Checking the model ${job.original}`
    case 'open-model': return `Opening the model ${job.model.original}`
    case 'inspect-model': return `Running the first rows through the model ${job.model.original}`
    case 'dataset': return `Reading the data ${job.original}`
    case 'list-images': return `Reading the data ${job.original}`
    case 'gradient-model': return `Differentiating the model ${job.model.original}`
    case 'convert-model': return `Converting the model ${job.model.original}`
    case 'gather': return `Gathering ${job.kind} of ${job.model.original} (${job.rows.length} rows)`
  }
}
