/** @file TensorFlow.js models. A case is model.json, then, after a zero byte (which JSON never holds), the bytes that every shard has. */
import { convertLayersModel, readModelJson, readWeights, shardLocations } from '../../dist/src/tensorflow/index.js'
import { writeModel } from '../../dist/src/graph/index.js'
import { checkModel } from '../../dist/src/worker/check-model.js'
import { mutateBytes } from '../mutate/bytes.mjs'
import { decode, encode, mutateTree } from '../mutate/json.mjs'
import { readAll } from './files.mjs'

const split = (bytes) => {
  const at = bytes.indexOf(0)
  return at < 0 ? [bytes, Buffer.alloc(0)] : [bytes.subarray(0, at), bytes.subarray(at + 1)]
}

export const tfjs = () => {
  const seeds = readAll('fuzz/seeds', '.tfjs')
  const known = seeds.map((bytes) => decode(JSON.parse(split(bytes)[0])))
  return {
    extension: 'tfjs', files: [], limitMs: 5000,
    mutate(choice) {
      if (choice.chance(0.1)) return mutateBytes(choice.one(seeds), choice, seeds)
      const at = choice.pick(seeds.length)
      return Buffer.concat([Buffer.from(encode(mutateTree(known[at], choice, known))), Buffer.of(0), split(seeds[at])[1]])
    },
    open: () => async (bytes) => {
      const [json, shard] = split(bytes)
      checkModel(json, { original: 'model.json', maxMemoryBytes: 2 ** 30, memory: 'normal' })
      const model = readModelJson(json)
      const weights = readWeights(model, new Map(shardLocations(model).map((path) => [path, shard])))
      if (model.format === 'layers-model') writeModel(convertLayersModel(model, weights))
    },
  }
}
