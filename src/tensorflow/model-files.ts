/** @file A model.json with the files of weights that it names. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Tensor } from '../contracts/tensor.js'
import { readModelJson, type ModelJson } from './model-json.js'
import { readWeights, shardLocations } from './weights.js'

/**
 * @param file model.json, staged with its weights beside it
 * @throws ProbityError where it is no model, or weights are missing
 */
export async function readModelFiles(file: string): Promise<[model: ModelJson, weights: Map<string, Tensor>]> {
  const model = readModelJson(await readFile(file))
  const shards = new Map(await Promise.all(shardLocations(model).map(async (name) => [name, await readFile(join(dirname(file), name))] as const)))
  return [model, readWeights(model, shards)]
}
