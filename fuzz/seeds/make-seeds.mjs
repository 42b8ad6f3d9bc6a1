/**
 * @file Makes the seeds that no fixture has: small Parquet files of every codec and type, and TensorFlow.js models.
 *
 *   node fuzz/seeds/make-seeds.mjs
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import * as tf from '@tensorflow/tfjs'

const at = (name) => fileURLToPath(new URL(name, import.meta.url))

const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
const plain = "SELECT i AS id, (i % 3)::VARCHAR AS race, i / 7.0 AS score, i % 2 = 0 AS denied, CASE WHEN i % 4 = 0 THEN NULL ELSE 'x' || i END AS note FROM range(12) t(i)"
const typed = "SELECT i::TINYINT a, i::UBIGINT b, i::HUGEINT c, (i / 3)::DECIMAL(9, 2) d, DATE '2024-01-01' + i::INT e, TIMESTAMP '2024-01-01 00:00:00' + INTERVAL (i) HOUR f, TIME '10:00:00' g, uuid_nil h, i::FLOAT j FROM range(5) t(i), (SELECT '00000000-0000-0000-0000-000000000000'::UUID uuid_nil)"
const FILES = {
  'plain-uncompressed': [plain, 'COMPRESSION uncompressed'],
  'plain-snappy': [plain, 'COMPRESSION snappy'],
  'plain-zstd': [plain, 'COMPRESSION zstd'],
  'plain-gzip': [plain, 'COMPRESSION gzip'],
  'plain-lz4': [plain, 'COMPRESSION lz4_raw'],
  'typed-v2': [typed, 'COMPRESSION uncompressed, PARQUET_VERSION v2'],
  'dictionary': ["SELECT 'a' || (i % 2) AS x, i % 5 AS y FROM range(400) t(i)", 'COMPRESSION uncompressed, ROW_GROUP_SIZE 200'],
  'nested': ["SELECT [i, i] AS list, {'a': i, '__proto__': 'x'} AS struct, MAP {'k': i} AS map FROM range(4) t(i)", 'COMPRESSION uncompressed'],
}
for (const [name, [sql, options]] of Object.entries(FILES)) await connection.run(`COPY (${sql}) TO '${at(`${name}.parquet`)}' (FORMAT parquet, ${options})`)

/** model.json, a zero byte, the bytes of every shard. */
async function save(name, model) {
  await model.save(tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy }) => {
    const json = { format, generatedBy, convertedBy, modelTopology, weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights: weightSpecs }] }
    writeFileSync(at(`${name}.tfjs`), Buffer.concat([Buffer.from(JSON.stringify(json)), Buffer.of(0), Buffer.from(tf.io.CompositeArrayBuffer.join(weightData))]))
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  }))
}
const { layers } = tf
await save('mlp', tf.sequential({ name: 'mlp', layers: [layers.dense({ inputShape: [3], units: 4, activation: 'relu', name: 'hidden' }), layers.dropout({ rate: 0.1, name: 'dropout' }), layers.dense({ units: 2, activation: 'softmax', name: 'answer' })] }))
await save('cnn', tf.sequential({ name: 'cnn', layers: [
  layers.conv2d({ inputShape: [6, 6, 1], filters: 2, kernelSize: 3, padding: 'same', name: 'conv' }), layers.batchNormalization({ name: 'norm' }), layers.activation({ activation: 'relu', name: 'relu' }),
  layers.maxPooling2d({ poolSize: 2, name: 'pool' }), layers.flatten({ name: 'flat' }), layers.dense({ units: 3, name: 'dense' }),
] }))
await save('recurrent', tf.sequential({ name: 'recurrent', layers: [layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 4, name: 'embedding' }), layers.lstm({ units: 2, name: 'lstm' }), layers.dense({ units: 1, activation: 'sigmoid', name: 'answer' })] }))
const [a, b] = [tf.input({ shape: [2], name: 'a' }), tf.input({ shape: [2], name: 'b' })]
const shared = layers.dense({ units: 2, name: 'shared' })
await save('functional', tf.model({ name: 'functional', inputs: [a, b], outputs: layers.concatenate({ name: 'join' }).apply([layers.add({ name: 'sum' }).apply([shared.apply(a), shared.apply(b)]), layers.reshape({ targetShape: [2], name: 'same' }).apply(a)]) }))

const node = (name, op, input = [], attr = {}) => ({ name, op, input, attr })
const shape = (...dims) => ({ shape: { dim: dims.map((size) => ({ size: `${size}` })) } })
const graph = {
  format: 'graph-model', generatedBy: '2.15.0', convertedBy: 'TensorFlow.js Converter v4.22.0',
  signature: { inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '2' }] } } }, outputs: { y: { name: 'y:0', dtype: 'DT_FLOAT' } } },
  modelTopology: {
    node: [node('x', 'Placeholder', [], { dtype: { type: 'DT_FLOAT' }, shape: shape(-1, 2) }), node('w', 'Const', [], { dtype: { type: 'DT_FLOAT' }, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: shape(2, 2).shape } } }), node('m', 'MatMul', ['x', 'w'], { T: { type: 'DT_FLOAT' }, transpose_a: { b: false } }), node('y', 'Softmax', ['m'])],
    library: { function: [] }, versions: { producer: 1645 },
  },
  weightsManifest: [{ paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'], weights: [{ name: 'w', shape: [2, 2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.1, min: -1, original_dtype: 'float32' } }, { name: 'k', shape: [2], dtype: 'int32' }] }],
}
writeFileSync(at('graph.tfjs'), Buffer.concat([Buffer.from(JSON.stringify(graph)), Buffer.of(0), Buffer.alloc(6, 7)]))
