/** @file From a model's path to the path of its gradient. The child process differentiates; the parent puts the files in place. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, open, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Ajv } from 'ajv'
import { ProbityError } from '../contracts/errors.js'
import type { ModelLimits } from '../contracts/model-limits.js'
import type { GradientRequest } from './job-protocol.js'
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
  const { model } = await openModel({ path, memory, limits }, { allowPaths }, workspace)
  const bytes = [model, ...model.externalFiles].reduce((sum, file) => sum + file.bytes, 0)
  const folder = join(workspace.jobs.folder, 'gradient')
  await mkdir(folder, { mode: 0o700 })
  const target = out === null ? null : { folder, name: basename(out) }
  const { part } = await workspace.jobs.run({ type: 'gradient-model', model: model.reference, request, target }, PROBE_DEADLINE_MS + bytes / BYTES_PER_MS)
  const answer: unknown = part.json
  if (!isAnswer(answer)) throw new ProbityError('job/protocol', `${path}: the child process described the gradient in a way that makes no sense. Run with --debug to see what it printed.`)
  if (out === null) return answer
  const files: string[] = []
  // The model file comes last: whoever sees it finds its weights beside it.
  for (const name of [...answer.files].reverse()) files.unshift(await moveTo(join(folder, name), join(dirname(out), name)))
  return { ...answer, files }
}

async function refuseUnwritable(out: string, model: string): Promise<void> {
  if (out === model) throw new ProbityError('usage/out', `${out} is the model itself, which is never overwritten. Name another file after -o.`)
  const folder = await stat(dirname(out)).catch(() => null)
  if (!folder?.isDirectory()) throw new ProbityError('usage/out', `The folder ${dirname(out)} does not exist. Make it first, or name another file after -o.`)
  if ((await stat(out).catch(() => null))?.isDirectory()) throw new ProbityError('usage/out', `${out} is a folder. Name a file after -o.`)
}

/** Copies beside the target first, since the private folder may lie on another disk, and a reader must see all of the file or none. */
async function moveTo(from: string, to: string): Promise<string> {
  const temporary = join(dirname(to), `.${randomBytes(12).toString('hex')}.tmp`)
  try {
    await copyFile(from, temporary, constants.COPYFILE_EXCL)
    const file = await open(temporary, 'r+')
    try {
      await file.chmod(0o666 & ~process.umask())
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, to)
    return to
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
}
