/** @file From a model's path to the path of its gradient. The child process differentiates; the parent puts the files in place. */
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Ajv } from 'ajv'
import { ProbityError } from '../contracts/errors.js'
import type { ModelLimits } from '../contracts/model-limits.js'
import type { GradientRequest } from './job-protocol.js'
import { handOut, refuseUnwritable } from './output-files.js'
import { openModel, PROBE_DEADLINE_MS } from './prepare.js'
import type { Workspace } from './workspace.js'

export type GradientFiles = {
  /** Written, in full; empty when only checked. */
  readonly files: readonly string[]
  /** Graph input with the target; null where the objective needs none. */
  readonly target: string | null
  readonly objective: string | null
  /** Value of the model → graph output with its gradient. */
  readonly gradients: Readonly<Record<string, string>>
  readonly approximations: readonly string[]
  /** What keeps the gradient from being made, a sentence for each node. */
  readonly obstacles: readonly string[]
}

export type GradientModelOptions = { readonly allowPaths?: readonly string[]; readonly memory?: 'normal' | 'low'; readonly limits?: Partial<ModelLimits> }

/** A large model takes longer to read and write than to differentiate. */
const BYTES_PER_MS = 50_000
const MOST_TEXTS = 10_000

const text = { type: 'string', maxLength: 65_536 }
const texts = { type: 'array', items: text, maxItems: MOST_TEXTS }
const isAnswer = new Ajv({ allowUnionTypes: true }).compile<GradientFiles>({
  type: 'object',
  required: ['files', 'target', 'objective', 'gradients', 'approximations', 'obstacles'],
  properties: {
    files: { type: 'array', items: { type: 'string', pattern: '^[^/\\\\]+$' }, maxItems: 2 }, target: { type: ['string', 'null'] }, objective: { type: ['string', 'null'] },
    gradients: { type: 'object', additionalProperties: text }, approximations: texts, obstacles: texts,
  },
})

/**
 * @param out where the gradient model goes; null to check only. An existing file is replaced when the new one is complete.
 * @throws ProbityError for whatever is wrong with the model or with what is asked of it
 */
export async function makeGradientModel(path: string, request: GradientRequest, out: string | null, { allowPaths = [], memory = 'normal', limits = {} }: GradientModelOptions, workspace: Workspace): Promise<GradientFiles> {
  if (out !== null) await refuseUnwritable(resolve(out), resolve(path))
  const { model } = await openModel({ path, memory, limits }, { engine: 'onnxruntime', allowPaths }, workspace)
  const bytes = [model, ...model.externalFiles].reduce((sum, file) => sum + file.bytes, 0)
  const folder = join(workspace.jobs.folder, 'gradient')
  await mkdir(folder, { mode: 0o700 })
  const target = out === null ? null : { folder, name: basename(out) }
  const { part } = await workspace.jobs.run({ type: 'gradient-model', model: model.reference, request, target }, PROBE_DEADLINE_MS + bytes / BYTES_PER_MS)
  const answer: unknown = part.json
  if (!isAnswer(answer)) throw new ProbityError('job/protocol', `${path}: the child process described the gradient in a way that makes no sense. Run with --debug to see what it printed.`)
  if (out === null) return answer
  return { ...answer, files: await handOut(folder, answer.files, dirname(out)) }
}
