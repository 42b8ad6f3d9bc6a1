/** @file What the parent process itself reads: configurations in YAML and JSON, and report.json with everything that is made from it. */
import { parse } from 'yaml'
import { checkAudits } from '../../dist/src/audit/index.js'
import { readReport } from '../../dist/src/cli/read-report.js'
import { loadConfig } from '../../dist/src/config/index.js'
import { metrics } from '../../dist/metrics/index.js'
import { reporters } from '../../dist/reports/index.js'
import { mutateBytes } from '../mutate/bytes.mjs'
import { decode, encode, mutateTree } from '../mutate/json.mjs'
import { writeYaml } from '../mutate/yaml.mjs'
import { read, slot } from './files.mjs'

const CONFIGS = ['examples/mortgage/probity.config.yaml', 'examples/digits/probity.config.yaml', 'examples/sklearn/forest.config.yaml', 'examples/sklearn/logistic.config.yaml']
const openConfig = (name) => (folder) => {
  const file = slot(folder, name)
  return async (bytes) => {
    file.write(bytes)
    const { config } = await loadConfig(file.path, { allowCode: false })
    checkAudits(config, metrics)
  }
}
const trees = () => CONFIGS.map((path) => decode(parse(read(path).toString())))

export const yaml = () => {
  const seeds = CONFIGS.map(read)
  const known = trees()
  return {
    extension: 'yaml', files: ['case.yaml'], limitMs: 2000,
    mutate: (choice) => (choice.chance(0.25) ? mutateBytes(choice.one(seeds), choice, seeds) : Buffer.from(writeYaml(choice.chance(0.7) ? mutateTree(choice.one(known), choice, known) : choice.one(known), choice))),
    open: openConfig('case.yaml'),
  }
}

export const json = () => {
  const known = trees()
  const seeds = known.map((tree) => Buffer.from(encode(tree)))
  return {
    extension: 'json', files: ['case.json'], limitMs: 2000,
    mutate: (choice) => (choice.chance(0.25) ? mutateBytes(choice.one(seeds), choice, seeds) : Buffer.from(encode(mutateTree(choice.one(known), choice, known)))),
    open: openConfig('case.json'),
  }
}

export const report = () => {
  const seeds = ['test/golden/report.json', 'test/golden/hostile.json'].map(read)
  const known = seeds.map((bytes) => decode(JSON.parse(bytes)))
  return {
    extension: 'json', files: ['case.json'], limitMs: 5000,
    mutate: (choice) => (choice.chance(0.1) ? mutateBytes(choice.one(seeds), choice, seeds) : Buffer.from(encode(mutateTree(choice.one(known), choice, known)))),
    open: (folder) => {
      const file = slot(folder, 'case.json')
      return async (bytes) => {
        file.write(bytes)
        const read = readReport(file.path)
        for (const { render } of Object.values(reporters)) render(read, { showSmall: false })
      }
    },
  }
}
