/** @file probity validate [config] */
import { dirname, resolve } from 'node:path'
import { checkAudits } from '../../audit/index.js'
import { loadPlugins } from '../../audit/plugins.js'
import { findConfig, loadConfig } from '../../config/index.js'
import { ProbityError } from '../../contracts/errors.js'
import { metrics } from '../../../metrics/index.js'
import { print } from '../output.js'

export async function validateCommand(path: string | undefined, options: { code: boolean }): Promise<number> {
  const file = path ?? findConfig(resolve('.'))
  if (file === null) throw new ProbityError('config/missing', `No probity.config.yaml in ${resolve('.')}. Name the configuration: probity validate path/to/probity.config.yaml`)
  const loaded = await loadConfig(file, { allowCode: options.code })
  const plugins = await loadPlugins(loaded.config.plugins ?? [], dirname(loaded.file), metrics)
  checkAudits(loaded.config, [...metrics, ...plugins.metrics])
  print(`${file} is a valid configuration.`)
  return 0
}
