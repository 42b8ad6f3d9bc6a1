#!/usr/bin/env node
/** @file The command line: argv → exit code. Commands are loaded when they run, so that --help stays instant. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { BACKENDS, DEVICES, ENGINES } from '../contracts/model.js'
import { LOSSES } from '../contracts/objective.js'
import { isModelLimit, MODEL_LIMITS, type ModelLimits } from '../contracts/model-limits.js'
import { nearest } from '../contracts/near-names.js'
import { version } from '../package.js'
import { printFailure } from './output.js'

const list = (text: string) => text.split(',').map((name) => name.trim()).filter(Boolean)
const collect = (text: string, previous: string[] = []) => [...previous, text]
const wholeNumber = (minimum: number) => (text: string) => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < minimum) throw new InvalidArgumentError(`It must be a whole number of at least ${minimum}.`)
  return value
}

const memoryOption = () => new Option('--memory <mode>', 'low: gradients compute activations again instead of keeping them').choices(['normal', 'low'])

const limitOption = () => new Option('--limit <name=number>', `limit on what the model may be before it is opened (repeatable): ${Object.keys(MODEL_LIMITS).join(', ')}`).argParser(withLimit)
function withLimit(text: string, previous: Partial<ModelLimits> = {}): Partial<ModelLimits> {
  const [name, value] = text.split(/=(.*)/s)
  if (!isModelLimit(name)) throw new InvalidArgumentError(`There is no limit "${name}". ${nearest(name, Object.keys(MODEL_LIMITS))}`)
  return { ...previous, [name]: wholeNumber(1)(value ?? '') }
}

const program = new Command('probity')
  .description('Audits trained machine-learning models: one command takes a model and data and gives a report with evidence.')
  .version(version)
  .option('--debug', 'show stack traces and what child processes print')
  .showHelpAfterError('(add --help for the options)')
  .exitOverride()

program
  .command('audit')
  .description('Audit a model, or stored predictions, and write a report.')
  .argument('[config]', 'probity.config.yaml or another configuration; default: the one in this folder')
  .option('--model <file>', 'ONNX file, or model.json of TensorFlow.js')
  .option('--data <file>', 'CSV, Parquet or JSON-lines file')
  .option('--label <column>', 'column with the true classes')
  .option('--prediction <column>', 'column with stored predictions: no model needed')
  .option('--score <column>', 'column with stored scores of the positive class')
  .option('--positive <value>', 'the class the model detects')
  .option('--favorable <value>', 'the outcome a person wants')
  .option('--sensitive <columns>', 'columns whose groups are compared, separated by commas', list)
  .option('--out <dir>', 'where the report goes', 'probity-report')
  .option('--format <formats>', 'report formats, separated by commas', list, ['html', 'json'])
  .addOption(new Option('--device <device>', 'where the model runs').choices(DEVICES).default('auto'))
  .addOption(new Option('--engine <engine>', 'what runs the model; default: onnxruntime for ONNX, tfjs for TensorFlow').choices(ENGINES))
  .addOption(new Option('--backend <backend>', 'what TensorFlow.js calculates with; default: the first that is installed').choices(BACKENDS))
  .addOption(memoryOption())
  .addOption(limitOption())
  .option('--seed <n>', 'seed of everything random', wholeNumber(0))
  .option('--exit-zero', 'exit with 0 whatever the verdict')
  .option('--workers <n>', 'child processes that run the model side by side', wholeNumber(1), 1)
  .option('--timeout <seconds>', 'limit for each step of a child process', wholeNumber(1))
  .option('--max-memory <MiB>', 'memory that a child process may take', wholeNumber(256))
  .option('--no-code', 'refuse configurations and plugins that are code')
  .option('--allow-path <dir>', 'folder that links of model and data may lead to (repeatable)', collect)
  .option('--cache <dir>', 'keep intermediate results here instead of the user cache folder; also turns the cache on under CI')
  .option('--no-cache', 'keep no intermediate results')
  .option('--show-small', 'show counts under 10 in the HTML report')
  .action(async (config: string | undefined, options: object) => finish((await import('./commands/audit.js')).auditCommand(config, { ...options, ...program.opts() })))

program
  .command('gradient')
  .description('Differentiate a model: write its gradient as an ONNX file that any ONNX Runtime runs.')
  .argument('<model>', 'ONNX model, or model.json of TensorFlow.js')
  .option('-o, --out <file>', 'where the gradient goes')
  .option('--output <name>', 'output, or any float value of the graph, that is differentiated; default: the model\'s answer')
  .addOption(new Option('--loss <loss>', 'loss on that output; default: the chosen element of it').choices(LOSSES))
  .option('--with-respect-to <names>', 'inputs or internal values, separated by commas; default: every float input', list)
  .addOption(memoryOption())
  .addOption(limitOption())
  .option('--check', 'write nothing, say which operators have no gradient')
  .option('--timeout <seconds>', 'limit for each step of the child process', wholeNumber(1))
  .option('--max-memory <MiB>', 'memory that the child process may take', wholeNumber(256))
  .option('--allow-path <dir>', 'folder that links of the model may lead to (repeatable)', collect)
  .action(async (model: string, options: object) => finish((await import('./commands/gradient.js')).gradientCommand(model, { ...options, ...program.opts() })))

program
  .command('convert')
  .description('Convert a TensorFlow.js LayersModel to ONNX.')
  .argument('<model>', 'model.json, or the folder that it lies in')
  .option('-o, --out <file>', 'where the ONNX model goes')
  .option('--check', 'write nothing, say which layers cannot be converted')
  .addOption(limitOption())
  .option('--timeout <seconds>', 'limit for each step of the child process', wholeNumber(1))
  .option('--max-memory <MiB>', 'memory that the child process may take', wholeNumber(256))
  .option('--allow-path <dir>', 'folder that links of the model may lead to (repeatable)', collect)
  .action(async (model: string, options: object) => finish((await import('./commands/convert.js')).convertCommand(model, { ...options, ...program.opts() })))

program
  .command('metrics')
  .description('List the metrics, or describe one.')
  .argument('[id]', 'metric id, such as fairness/demographic-parity-ratio')
  .action(async (id: string | undefined) => finish((await import('./commands/metrics.js')).metricsCommand(id)))

program
  .command('validate')
  .description('Check a configuration without running anything.')
  .argument('[config]')
  .option('--no-code', 'refuse configurations and plugins that are code')
  .action(async (config: string | undefined, options: { code: boolean }) => finish((await import('./commands/validate.js')).validateCommand(config, options)))

program
  .command('report')
  .description('Make other formats again from a report.json.')
  .argument('<report>', 'report.json')
  .option('--out <dir>', 'where the files go; default: beside report.json')
  .option('--format <formats>', 'report formats, separated by commas', list, ['html'])
  .option('--show-small', 'show counts under 10')
  .action(async (report: string, options: { out?: string; format: string[]; showSmall?: boolean }) => finish((await import('./commands/report.js')).reportCommand(report, options)))

program
  .command('doctor')
  .description('Say what this machine offers: engines, devices, isolation; and how to get what is missing.')
  .option('--json', 'print it as JSON')
  .action(async (options: { json?: boolean }) => finish((await import('./commands/doctor.js')).doctorCommand(options)))

const cache = program.command('cache').description('Manage kept intermediate results.')
cache
  .command('clean')
  .description('Remove them.')
  .option('--cache <dir>', 'the folder given to audit --cache')
  .action(async (options: { cache?: string }) => finish((await import('./commands/cache.js')).cleanCommand(options)))

async function finish(code: Promise<number>): Promise<void> {
  process.exitCode = await code
}

try {
  await program.parseAsync()
} catch (error) {
  // Commander has printed its own message; --help and --version end with 0.
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : printFailure(error, program.opts()['debug'] === true)
}
