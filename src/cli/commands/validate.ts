/** @file probity validate [config] */
import { resolve } from 'node:path'
import { findConfig, loadConfig } from '../../config/index.js'
import { ProbityError } from '../../contracts/errors.js'
import { print } from '../output.js'

export async function validateCommand(path: string | undefined, options: { code: boolean }): Promise<number> {
  const file = path ?? findConfig(resolve('.'))
  if (file === null) throw new ProbityError('config/missing', `No probity.config.yaml in ${resolve('.')}. Name the configuration: probity validate path/to/probity.config.yaml`)
  await loadConfig(file, { allowCode: options.code })
  print(`${file} is a valid configuration.`)
  return 0
}
