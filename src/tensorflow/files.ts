/** @file Which file of a path is the model, and what format it has. */
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ProbityError } from '../contracts/errors.js'

export type ModelFormat = 'onnx' | 'model-json' | 'saved-model'

/** By the file's name alone: what lies in it is checked where it is opened. */
export function modelFormat(path: string): ModelFormat {
  if (basename(path) === 'saved_model.pb') return 'saved-model'
  return extname(path).toLowerCase() === '.json' ? 'model-json' : 'onnx'
}

const SAVED_MODEL_VARIABLES = /^variables\.(index|data-\d{5}-of-\d{5})$/

/**
 * The file that a path means: itself, or in a folder model.json or saved_model.pb; and the files beside it that belong to it by convention.
 * A `file://` address is a path.
 *
 * @throws ProbityError `model/folder` for a folder without either
 */
export async function modelFiles(path: string): Promise<{ readonly file: string; readonly beside: readonly string[] }> {
  const given = path.startsWith('file://') ? fileURLToPath(path) : path
  if (!(await isFolder(given))) return { file: given, beside: modelFormat(given) === 'saved-model' ? await variablesOf(join(given, '..')) : [] }
  for (const name of ['model.json', 'saved_model.pb']) {
    const file = join(given, name)
    if (await stat(file).then((found) => found.isFile(), () => false)) return { file, beside: name === 'saved_model.pb' ? await variablesOf(given) : [] }
  }
  throw new ProbityError('model/folder', `${path} is a folder without model.json (TensorFlow.js) or saved_model.pb (TensorFlow). Name the model's file.`)
}

const isFolder = (path: string): Promise<boolean> => stat(path).then((found) => found.isDirectory(), () => false)

async function variablesOf(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'variables')).catch(() => [])
  return names.filter((name) => SAVED_MODEL_VARIABLES.test(name)).sort().map((name) => `variables/${name}`)
}
