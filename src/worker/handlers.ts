/** @file What a child does for each type of job. Models and views are opened once and kept for the jobs that follow. */
import { readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { decodePart } from '../artifacts/part-codec.js'
import { decodeView, encodeView, writeArrays } from '../artifacts/view-codec.js'
import type { ConvertModelJob, DatasetJob, GatherJob, GradientModelJob, InspectModelJob, Job, ListImagesJob, ModelReference, OpenModelJob, PreflightJob, ViewReference } from '../artifacts/job-protocol.js'
import type { ArtifactGatherer, Json, Part } from '../artifacts/kind.js'
import type { ArtifactKind } from '../contracts/artifact.js'
import type { DataConfig } from '../contracts/config.js'
import type { DatasetView } from '../contracts/dataset.js'
import { ProbityError } from '../contracts/errors.js'
import { buildView, decodeImages, fillInputs, imageTarget, readCsvOfTable, readTable, selectRows, type ModelInputs, type Table } from '../data/index.js'
import { loadModel, summarize, type LoadedModel, type LoadOptions } from '../engine/index.js'
import { saveModel } from '../graph/index.js'
import { conversionOf, readModelFiles } from '../tensorflow/index.js'
import { checkModel } from './check-model.js'

/** Enough to tell whether rows influence each other. */
const PROBE_ROWS = 16

type Opened = { readonly key: string; readonly model: Promise<LoadedModel>; readonly loadMs: () => number }

export function createHandler(gatherers: readonly ArtifactGatherer<ArtifactKind>[], maxMemoryBytes: number): (job: Job) => Promise<Part> {
  const byKind = new Map(gatherers.map((gatherer) => [gatherer.kind as string, gatherer]))
  const views = new Map<string, Promise<DatasetView>>()
  let opened: Opened | null = null

  /** One model at a time: sessions are large, and a run audits one. */
  const open = async (reference: ModelReference): Promise<{ model: LoadedModel; loadMs: number }> => {
    const key = JSON.stringify(reference)
    if (opened?.key !== key) {
      await opened?.model.then((model) => model.dispose(), () => undefined)
      const before = performance.now()
      let loadMs = 0
      const model = loadModel(reference.staged, optionsOf(reference)).finally(() => (loadMs = performance.now() - before))
      opened = { key, model, loadMs: () => loadMs }
    }
    const { model, loadMs } = opened
    return { model: await model, loadMs: loadMs() }
  }
  const viewOf = (reference: ViewReference): Promise<DatasetView> => {
    const known = views.get(reference.part)
    if (known) return known
    const view = readFile(reference.part).then((bytes) => decodeView(decodePart(bytes), reference.original, reference.arrays).view)
    views.set(reference.part, view)
    return view
  }

  async function preflight({ staged, original, memory, limits }: PreflightJob): Promise<Part> {
    return described(checkModel(await readFile(staged), { original, maxMemoryBytes, memory, limits }))
  }

  async function openModel({ model: reference }: OpenModelJob): Promise<Part> {
    const { model, loadMs } = await open(reference)
    return described({ inputs: model.inputs, loadMs })
  }

  async function inspectModel({ model: reference, view: viewReference, inputs }: InspectModelJob): Promise<Part> {
    const [{ model }, view] = [await open(reference), await viewOf(viewReference)]
    const rows = probeRows(view)
    const one = fillInputs(view, inputs, rows.slice(0, 1))
    // The first run also allocates; the second is what a row costs.
    await model.predict(one)
    const before = performance.now()
    await model.predict(one)
    const rowMs = performance.now() - before
    return described({ summary: await summarize(model, fillInputs(view, inputs, rows)), rowMs })
  }

  async function gather({ kind, concrete, rows, seed, model: reference, view: viewReference, inputs }: GatherJob): Promise<Part> {
    const gatherer = byKind.get(kind)
    if (!gatherer) throw new ProbityError('artifacts/unknown-kind', `Nothing gathers artifacts of the kind "${kind}". Name the plugin that brings it under "plugins".`)
    const [{ model }, view] = [await open(reference), await viewOf(viewReference)]
    model.deviceLog?.start(seed, `${kind}/${rows[0]}`)
    const part = await gatherer.gather(rows, concrete, { model, view, inputs, seed })
    return model.deviceLog ? { ...part, device: model.deviceLog.record() } : part
  }

  async function gradientModel({ model: reference, request, target }: GradientModelJob): Promise<Part> {
    const { model } = await open(reference)
    const { output, loss, withRespectTo } = request
    if (!model.gradientObstacles || !model.exportGradient) {
      throw new ProbityError('engine/no-graph', `${reference.original}: TensorFlow.js gives no gradient that could be written as a file. Convert the model to ONNX first: probity convert.`)
    }
    if (target === null) return described({ files: [], target: null, objective: null, gradients: {}, approximations: [], obstacles: model.gradientObstacles({ output, loss }, { withRespectTo }) })
    const made = model.exportGradient({ output, loss }, { withRespectTo })
    const path = join(target.folder, target.name)
    const files = await saveModel(made.model, path, { sourceFolder: made.externalFolder })
    await (await loadModel(path, optionsOf({ ...reference, output: null }))).dispose() // a file that no runtime opens is not handed out
    return described({
      files: files.map((file) => basename(file)), target: made.target, objective: made.objective,
      gradients: Object.fromEntries(made.gradients), approximations: made.approximations, obstacles: [],
    })
  }

  const handle = (job: Job): Promise<Part> => {
    switch (job.type) {
      case 'preflight': return preflight(job)
      case 'open-model': return openModel(job)
      case 'inspect-model': return inspectModel(job)
      case 'dataset': return readDataset(job)
      case 'list-images': return listImages(job)
      case 'gather': return gather(job)
      case 'gradient-model': return gradientModel(job)
      case 'convert-model': return convertModel(job)
    }
  }
  return (job) => handle(job).catch((error: unknown) => Promise.reject(withOriginalName(error, job)))
}

async function convertModel({ model: reference, target }: ConvertModelJob): Promise<Part> {
  const { converted, obstacles } = conversionOf(...(await readModelFiles(reference.staged)))
  if (target === null || converted === null) return described({ files: [], obstacles })
  const path = join(target.folder, target.name)
  const files = await saveModel(converted, path)
  await (await loadModel(path, { device: 'cpu' })).dispose() // a file that no runtime opens is not handed out
  return described({ files: files.map((file) => basename(file)), obstacles: [] })
}

const openTable = (staged: string, { format, delimiter, arrays }: DataConfig): Promise<Table> => readTable(staged, { format, delimiter, arrays })

async function readDataset({ staged, original, inMemory, images, arrays: folder, config, model, seed }: DatasetJob): Promise<Part> {
  const read = inMemory ? readCsvOfTable(staged) : await openTable(staged, config)
  const table = images === null ? read : { ...read, images: { folder: images, column: config.images?.column ?? '' } }
  const inputs = model && { inputs: model.inputs, mapping: model.mapping ?? undefined }
  const scratch = join(folder, 'pixels')
  const { table: complete, findings } = inputs && table.images ? await withPixels(table, config, inputs, seed, scratch) : { table, findings: [] }
  const { view, inputs: plans } = buildView(complete, { ...config, path: original }, inputs, seed)
  writeArrays(view, folder)
  await rm(scratch, { force: true })
  return encodeView({ view: { ...view, findings: [...view.findings, ...findings] }, inputs: plans })
}

const withPixels = (table: Table, config: DataConfig, model: ModelInputs, seed: number, scratch: string) =>
  decodeImages(table, table.images!, selectRows(table.rows, config.rows, seed), imageTarget(model, config.images), scratch)

async function listImages({ staged, config, column }: ListImagesJob): Promise<Part> {
  const table = await openTable(staged, config)
  const { distinct } = table.coded(column)
  return { json: null, tensors: { files: { data: distinct, dims: [distinct.length], dtype: 'string' } } }
}

/** Spread over the file, since neighbours in a sorted file are alike. */
function probeRows({ rows, complete, path }: DatasetView): number[] {
  const usable = Array.from({ length: rows }, (_, row) => row).filter((row) => complete[row] === 1)
  if (usable.length === 0) throw new ProbityError('data/no-complete-row', `${path}: every row lacks a value for some feature, so the model cannot be run. Fill the gaps, or leave the column out of data.features if the model does not need it.`)
  const count = Math.min(PROBE_ROWS, usable.length)
  return Array.from({ length: count }, (_, i) => usable[Math.floor((i * usable.length) / count)]!)
}

const optionsOf = ({ output, engine, device, backend, blockRows, memory, threads }: ModelReference): LoadOptions => ({
  device, blockRows, memory, probe: false,
  ...(engine !== null && { engine }), ...(backend !== null && { backend }), ...(threads !== null && { threads }), ...(output && { prediction: output }),
})

const described = (json: unknown): Part => ({ json: json as Json, tensors: {} })

/** Staged copies are this program's business: messages speak of the user's file. */
function withOriginalName(error: unknown, job: Job): unknown {
  const { staged, original } = 'staged' in job ? job : job.model
  if (!(error instanceof Error) || !error.message.includes(staged)) return error
  const message = error.message.replaceAll(staged, original)
  return error instanceof ProbityError ? new ProbityError(error.code, message, { cause: error }) : new Error(message, { cause: error })
}
