/** @file From the path of a TensorFlow.js model to the path of the same model in ONNX. The child process converts; the parent puts the files in place. */
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Ajv } from 'ajv'
import { ProbityError } from '../contracts/errors.js'
import type { ModelLimits } from '../contracts/model-limits.js'
import { modelFiles, modelFormat } from '../tensorflow/index.js'
import { handOut, refuseUnwritable } from './output-files.js'
import { PROBE_DEADLINE_MS, stageModel } from './prepare.js'
import type { Workspace } from './workspace.js'

export type ConvertedFiles = {
  /** Written, in full; empty when only checked. */
  readonly files: readonly string[]
  /** What keeps the model from being converted, a sentence for each layer. */
  readonly obstacles: readonly string[]
}

/** Weights are read, turned and written. */
const BYTES_PER_MS = 10_000
const MOST_OBSTACLES = 100_000

const isAnswer = new Ajv().compile<ConvertedFiles>({
  type: 'object',
  required: ['files', 'obstacles'],
  properties: { files: { type: 'array', items: { type: 'string', pattern: '^[^/\\\\]+$' }, maxItems: 2 }, obstacles: { type: 'array', items: { type: 'string', maxLength: 65_536 }, maxItems: MOST_OBSTACLES } },
})

/**
 * @param out where the ONNX model goes; null to check only. An existing file is replaced when the new one is complete.
 * @throws ProbityError for whatever is wrong with the model, and for formats that are not converted
 */
export async function convertModel(path: string, out: string | null, { allowPaths = [], limits = {} }: { readonly allowPaths?: readonly string[]; readonly limits?: Partial<ModelLimits> }, workspace: Workspace): Promise<ConvertedFiles> {
  const { file } = await modelFiles(path)
  const format = modelFormat(file)
  if (format === 'saved-model') throw new ProbityError('convert/format', `${path} is a SavedModel, which Probity does not convert. Convert it with python -m tf2onnx.convert --saved-model ${dirname(file)} --output model.onnx.`)
  if (out !== null) await refuseUnwritable(resolve(out), resolve(file))
  const model = await stageModel({ path, limits }, { engine: 'onnxruntime', device: 'cpu', allowPaths }, workspace)
  if (format === 'onnx') throw new ProbityError('convert/format', `${path} is an ONNX model already. Name the model.json of a TensorFlow.js LayersModel.`)
  const bytes = [model, ...model.externalFiles].reduce((sum, staged) => sum + staged.bytes, 0)
  const folder = join(workspace.jobs.folder, 'converted')
  await mkdir(folder, { mode: 0o700 })
  const target = out === null ? null : { folder, name: basename(out) }
  const { part } = await workspace.jobs.run({ type: 'convert-model', model: model.reference, target }, PROBE_DEADLINE_MS + bytes / BYTES_PER_MS)
  const answer: unknown = part.json
  if (!isAnswer(answer)) throw new ProbityError('job/protocol', `${path}: the child process described the model in a way that makes no sense. Run with --debug to see what it printed.`)
  if (out === null) return answer
  if (answer.obstacles.length > 0) throw new ProbityError('convert/unsupported', `${path} cannot be converted to ONNX. ${answer.obstacles.join(' ')} Change or remove what is named here, or run the model with TensorFlow.js (--engine tfjs).`)
  return { ...answer, files: await handOut(folder, answer.files, dirname(out)) }
}
