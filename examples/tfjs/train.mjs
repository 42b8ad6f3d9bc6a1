/**
 * Trains the model of this example with TensorFlow.js and writes model/model.json and model/weights.bin.
 *
 *   npm install @tensorflow/tfjs && node train.mjs
 *
 * The training rows are those of the full data set that are not in hmda-test.csv. Seeds are fixed and rows keep their order, so a second run on the
 * same machine writes the same model.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs'

const FEATURES = [
  'debt_to_income', 'housing_to_income', 'loan_to_value', 'consumer_credit_score', 'mortgage_credit_score', 'public_bad_credit',
  'denied_mortgage_insurance', 'self_employed', 'single', 'industry_unemployment_rate', 'condominium',
]
const EPOCHS = 25

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const rows = trainingRows()
const x = tf.tensor2d(rows.map((row) => FEATURES.map((name) => row[name])))
const y = tf.tensor2d(rows.map(({ denied }) => [1 - denied, denied]))

await tf.setBackend('cpu')
const model = tf.sequential()
model.add(standardize(x))
model.add(tf.layers.dense({ units: 32, activation: 'relu', kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }), name: 'hidden_1' }))
model.add(tf.layers.dense({ units: 16, activation: 'tanh', kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }), name: 'hidden_2' }))
model.add(tf.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }), name: 'denied' }))
model.compile({ optimizer: tf.train.adam(0.003), loss: 'categoricalCrossentropy', metrics: ['accuracy'] })
const { history } = await model.fit(x, y, { epochs: EPOCHS, batchSize: 128, shuffle: false, verbose: 0 })
await model.save(tf.io.withSaveHandler(write))
console.log(`${rows.length} rows, ${EPOCHS} epochs: loss ${history.loss.at(-1).toFixed(4)}, accuracy ${history.acc.at(-1).toFixed(4)} on the training rows`)

/** Mean 0 and standard deviation 1 as a layer, so that the model takes the columns as the file has them. */
function standardize(values) {
  const { mean, variance } = tf.moments(values, 0)
  const deviation = tf.sqrt(variance)
  return tf.layers.dense({
    units: FEATURES.length, inputShape: [FEATURES.length], trainable: false, name: 'standardize',
    weights: [tf.diag(tf.div(1, deviation)), tf.neg(tf.div(mean, deviation))],
  })
}

function trainingRows() {
  const held = new Map()
  for (const row of read(here('hmda-test.csv'))) held.set(keyOf(row), (held.get(keyOf(row)) ?? 0) + 1)
  return read(here('../../test/fixtures/data/boston-hmda.csv')).filter((row) => {
    if (Object.values(row).some(Number.isNaN)) return false
    const left = held.get(keyOf(row)) ?? 0
    if (left > 0) held.set(keyOf(row), left - 1)
    return left === 0
  })
}

function read(path) {
  const [header, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/)
  const names = header.split(',')
  const number = (cell) => (cell === 'yes' ? 1 : cell === 'no' ? 0 : cell === '' ? NaN : Number(cell))
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, column) => [names[column], number(cell)])))
}

function keyOf(row) {
  return JSON.stringify([...FEATURES, 'black', 'denied'].map((name) => row[name]))
}

/** The layout that tf.loadLayersModel reads: the topology in model.json, the weights beside it. */
async function write({ modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy }) {
  const manifest = { modelTopology, format, generatedBy, convertedBy, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] }
  writeFileSync(here('model/model.json'), `${JSON.stringify(manifest)}\n`)
  writeFileSync(here('model/weights.bin'), Buffer.from(tf.io.concatenateArrayBuffers([weightData].flat())))
  return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
}
