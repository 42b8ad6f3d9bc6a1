/** @file From the paths in a config to a staged, decoded data set and a staged, inspected model. Parsing happens in child processes. */
import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import type { DataConfig, ModelConfig } from '../contracts/config.js'
import type { DatasetView, InputPlan } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import type { Backend, Device, EngineName, ModelInput, ModelSummary } from '../contracts/model.js'
import { writeAtomically } from './atomic-write.js'
import type { Table } from '../data/index.js'
import type { ModelReference, ViewReference } from './job-protocol.js'
import { stageTable } from './stage-table.js'
import { temporaryFolderError } from './private-folder.js'
import { copy, stage, stageExternal, type Staged, type StagedExternal, type StagingOptions } from './staging.js'
import { isFolder, stageFolder, stageNamed } from './staging-images.js'
import { arrayFiles, decodeView } from './view-codec.js'
import type { Workspace } from './workspace.js'
// Not from its index: the process that owns an audit loads no engine.
import { chooseProvider } from '../engine/onnxruntime/devices.js'
import { modelFiles, modelFormat } from '../tensorflow/index.js'

/** A model that was staged and opened once, not yet run. */
export type OpenedModel = Staged & {
  readonly externalFiles: readonly StagedExternal[]
  readonly reference: ModelReference
  /** How long the check before any runtime took, and opening. */
  readonly checkMs: number
  readonly loadMs: number
}

export type PreparedData = Staged & {
  readonly view: DatasetView
  /** How the view fills the model's inputs; empty without a model. */
  readonly inputs: readonly InputPlan[]
  /** sha256 of the encoded view and inputs. */
  readonly viewSha256: string
  readonly reference: ViewReference
  /** The model whose inputs the view was made for. */
  readonly model: OpenedModel | null
}

export type PreparedModel = OpenedModel & {
  readonly summary: ModelSummary
  /** How long one row takes, from which deadlines are made. */
  readonly rowMs: number
}

/** For loading a model and running one row (and for the least of every other job): no honest small model needs it. */
export const PROBE_DEADLINE_MS = 20_000
/** For everything up to that row, so that a model which uses up each of its deadlines ends as soon as one that uses up the last. */
const MODEL_BUDGET_MS = 36_000
const deadlineAfter = (spentMs: number): number => Math.max(1000, Math.min(PROBE_DEADLINE_MS, MODEL_BUDGET_MS - spentMs))
/** Text is decoded at 20 MB/s and more; this is for slow machines. */
const DATA_BYTES_PER_MS = 1000
/** The most that one protobuf message can hold. */
const MODEL_LIMIT_BYTES = 2 ** 31
const EXTERNAL_LIMIT_BYTES = 2 ** 36
const DATA_LIMIT_BYTES = 2 ** 34
const ARRAY_LIMIT_BYTES = 2 ** 36

const object = (properties: Record<string, object>) => ({ type: 'object', required: Object.keys(properties), properties })
const text = { type: 'string' }
const nullableText = { type: ['string', 'null'] }
const nullableInteger = { type: ['integer', 'null'] }
const duration = { type: 'number', minimum: 0 }
const dims = { type: ['array', 'null'], items: { type: ['integer', 'string', 'null'] } }
const modelValues = { type: 'array', items: object({ name: text, dtype: text, dims, batchAxis: nullableInteger }) }
const ajv = new Ajv({ allowUnionTypes: true })
const isPreflight = ajv.compile<{ locations: string[]; blockRows: number; gainsFromGpu: boolean }>(
  object({ locations: { type: 'array', items: { type: 'string', maxLength: 4096 }, maxItems: 1_000_000 }, blockRows: { type: 'integer', minimum: 1 }, gainsFromGpu: { type: 'boolean' } }),
)
const isOpening = ajv.compile<{ inputs: ModelInput[]; loadMs: number }>(object({ inputs: modelValues, loadMs: duration }))
const isInspection = ajv.compile<{ summary: ModelSummary; rowMs: number }>(
  object({
    rowMs: duration,
    summary: object({
      inputs: modelValues,
      outputs: modelValues,
      prediction: object({
        output: nullableText, kind: { enum: ['logits', 'probabilities', 'score', 'label'] }, logits: nullableText, labelOutput: nullableText,
        classes: { type: ['array', 'null'], items: text }, columns: nullableInteger,
      }),
      engine: object({ name: text, version: text, provider: text }),
      fixedBatch: nullableInteger,
      metadata: { type: 'object', additionalProperties: text },
      capabilities: object({ gradient: { ...object({ available: { type: 'boolean' } }), properties: { available: { type: 'boolean' }, reason: text, approximations: { type: 'array', items: text } } } }),
      rowIndependent: { type: 'boolean' },
      format: text, producer: text, opset: nullableInteger,
    }),
  }),
)

export type DataRequest = {
  readonly path: string
  /** Data that is in memory; `path` is then only what it is called. */
  readonly table?: Table
  readonly config: DataConfig
  /** The model that the data is for: its inputs decide what is read from which column. Null for stored predictions. */
  readonly model: ModelConfig | null
  readonly seed: number
  readonly engine?: EngineName
  readonly device?: Device
  readonly backend?: Backend
  readonly allowPaths?: readonly string[]
}

type OpenRequest = Pick<DataRequest, 'engine' | 'device' | 'backend' | 'allowPaths'>

/**
 * Stages and opens the model, if there is one, then stages the data and makes the view that fills it.
 * @throws ProbityError for whatever is wrong with the files, their columns, or what the config says of them
 */
export async function prepareData(request: DataRequest, workspace: Workspace): Promise<PreparedData> {
  const { path, table, config, seed, allowPaths = [] } = request
  const opened = request.model && (await openModel(request.model, request, workspace))
  const { staged, images } = table ? { staged: await stageTable(table, (await dataOptions(workspace, allowPaths)).folder), images: null } : await stageData(path, config, allowPaths, workspace)
  const deadlineMs = PROBE_DEADLINE_MS + staged.bytes / DATA_BYTES_PER_MS
  const model = opened && { inputs: opened.inputs, mapping: request.model?.inputs ?? null }
  const [written, arrays] = [join(workspace.jobs.folder, 'arrays'), join(workspace.folder, 'arrays')]
  for (const folder of [written, arrays]) await mkdir(folder, { mode: 0o700 })
  const { part, bytes } = await workspace.jobs.run({ type: 'dataset', staged: staged.staged, original: path, inMemory: table !== undefined, images, arrays: written, config, model, seed }, deadlineMs)
  const reference: ViewReference = { part: join(workspace.folder, 'view.part'), arrays, original: path }
  await writeAtomically(reference.part, [bytes]).catch((cause: unknown) => Promise.reject(temporaryFolderError(cause)))
  const decoded = decodeView(part, path, arrays)
  const hash = createHash('sha256').update(bytes)
  for (const [i, file] of arrayFiles(decoded.view, written).entries()) {
    // A copy that is hashed on the way: whoever wrote the first may still hold it open.
    const options = { folder: arrays, maxBytes: ARRAY_LIMIT_BYTES, allowPaths: [], what: 'decoded array' }
    hash.update((await copy(path, file, arrayFiles(decoded.view, arrays)[i], written, options)).sha256)
  }
  await rm(written, { recursive: true })
  return { ...staged, ...decoded, viewSha256: hash.digest('hex'), reference, model: opened && opened.model }
}

/** The file or the folder of images; where a table names images, these too, under one sha256 of both. */
async function stageData(path: string, config: DataConfig, allowPaths: readonly string[], workspace: Workspace): Promise<{ readonly staged: Staged; readonly images: string | null }> {
  const options = await dataOptions(workspace, allowPaths)
  const { column, folder } = config.images ?? {}
  if (await isFolder(path)) {
    if (column !== undefined) throw new ProbityError('config/images', `data.images.column is for a table that names images, and ${path} is a folder, whose folders are the classes. Remove column and folder, or name the table under data.path.`)
    return { staged: await stageFolder(path, options), images: null }
  }
  const table = await stage(path, options)
  if (column === undefined || folder === undefined) return { staged: table, images: null }
  const { part } = await workspace.jobs.run({ type: 'list-images', staged: table.staged, original: path, config, column }, PROBE_DEADLINE_MS + table.bytes / DATA_BYTES_PER_MS)
  const names = part.tensors['files']
  if (names?.dtype !== 'string') throw new ProbityError('job/protocol', `${path}: the child process listed the images in a way that makes no sense. Run with --debug to see what it printed.`)
  const files = await stageNamed(names.data as readonly string[], folder, { ...options, folder: join(options.folder, 'images'), what: 'image' })
  const sha256 = createHash('sha256').update(`${table.sha256}\n${files.sha256}\n`).digest('hex')
  return { staged: { ...table, sha256, bytes: table.bytes + files.bytes }, images: files.staged }
}

const dataOptions = (workspace: Workspace, allowPaths: readonly string[]): Promise<StagingOptions> => stagingOptions(workspace, 'data', DATA_LIMIT_BYTES, allowPaths)

/**
 * Runs the first rows through the model that the data was prepared for.
 * @throws ProbityError when it cannot run them within the deadline
 */
export async function prepareModel({ data }: { readonly data: PreparedData }, workspace: Workspace): Promise<PreparedModel> {
  const { model, reference: view, inputs } = data
  if (!model) throw new ProbityError('artifacts/no-model', `${data.original} was prepared without a model. Name the model when preparing the data.`)
  const { part } = await workspace.jobs.run({ type: 'inspect-model', model: model.reference, view, inputs }, deadlineAfter(model.checkMs + model.loadMs))
  const inspection: unknown = part.json
  if (!isInspection(inspection)) throw malformed(model.original)
  return { ...model, ...inspection }
}

/**
 * Stages a model and its other files, and checks it before any runtime sees it.
 * @throws ProbityError for whatever is wrong with the files
 */
export async function stageModel(config: ModelConfig, { engine, device = 'auto', backend, allowPaths = [] }: OpenRequest, workspace: Workspace): Promise<Omit<OpenedModel, 'loadMs'>> {
  const { memory = 'normal', limits = {} } = config
  const options = await stagingOptions(workspace, 'model', MODEL_LIMIT_BYTES, allowPaths)
  const { file, beside } = await modelFiles(config.path)
  const staged = await stage(file, options)
  const before = performance.now()
  const checked: unknown = (await workspace.jobs.run({ type: 'preflight', staged: staged.staged, original: file, memory, limits }, PROBE_DEADLINE_MS)).part.json
  if (!isPreflight(checked)) throw malformed(config.path)
  const checkMs = performance.now() - before
  const externalFiles = await stageExternal([...checked.locations, ...beside], file, { ...options, maxBytes: EXTERNAL_LIMIT_BYTES, what: 'external data file' })
  const reference: ModelReference = { staged: staged.staged, original: config.path, output: config.output ?? null, engine: engine ?? null, device: await settleDevice(file, engine, device, checked.gainsFromGpu), backend: backend ?? null, blockRows: checked.blockRows, memory, threads: threadsFor(workspace.jobs.workers) }
  return { ...staged, externalFiles, reference, checkMs }
}

/**
 * Stages a model and opens it once.
 * @throws ProbityError for whatever is wrong with the file
 */
export async function openModel(config: ModelConfig, request: OpenRequest, workspace: Workspace): Promise<{ model: OpenedModel; inputs: readonly ModelInput[] }> {
  const model = await stageModel(config, request, workspace)
  const { part } = await workspace.jobs.run({ type: 'open-model', model: model.reference }, deadlineAfter(model.checkMs))
  const opening: unknown = part.json
  if (!isOpening(opening)) throw malformed(config.path)
  return { model: { ...model, loadMs: opening.loadMs }, inputs: opening.inputs }
}

/** Decided here, once for all children. TensorFlow.js chooses its backend by itself. */
function settleDevice(file: string, engine: EngineName | undefined, device: Device, gains: boolean): Promise<Device> | Device {
  return modelFormat(file) === 'onnx' || engine === 'onnxruntime' ? chooseProvider(device, () => gains) : device
}

const threadsFor = (workers: number): number | null => (workers === 1 ? null : Math.max(1, Math.floor(availableParallelism() / workers)))

async function stagingOptions(workspace: Workspace, what: string, maxBytes: number, allowPaths: readonly string[]): Promise<StagingOptions> {
  const folder = join(workspace.folder, what)
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => Promise.reject(temporaryFolderError(cause)))
  return { folder, maxBytes, allowPaths, what }
}

const malformed = (path: string): ProbityError => new ProbityError('job/protocol', `${path}: the child process described the model in a way that makes no sense. Run with --debug to see what it printed.`)
