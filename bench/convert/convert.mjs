/**
 * A convolutional network of TensorFlow.js, converted and run on ONNX Runtime, beside TensorFlow.js itself: milliseconds of a forward pass and of the gradient at
 * the input, 8 images of 32×32. Each contender runs in a process of its own; all must agree before a time counts.
 *
 *   npm run build && [TFJS_NODE=/path/to/node_modules/x] node bench/convert/convert.mjs [runs]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const runs = Number(process.argv[2] ?? 7)
const tf = createRequire(import.meta.url)('@tensorflow/tfjs')
await tf.setBackend('cpu')

const L = tf.layers
const block = (filters, first = {}) => [L.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...first }), L.batchNormalization(), L.reLU()]
const network = tf.sequential({ layers: [
  ...block(32, { inputShape: [32, 32, 3] }), ...block(32), L.maxPooling2d({ poolSize: 2 }), ...block(64), L.conv2d({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' }), L.conv2d({ filters: 64, kernelSize: 1, activation: 'relu' }),
  L.averagePooling2d({ poolSize: 2 }), L.flatten(), L.dense({ units: 128, activation: 'relu' }), L.dense({ units: 10, activation: 'softmax' }),
] })

const folder = mkdtempSync(join(tmpdir(), 'probity-convert-'))
try {
  await network.save(tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData, format, generatedBy }) => {
    writeFileSync(join(folder, 'model.json'), JSON.stringify({ modelTopology, format, generatedBy, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] }))
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(weightData))
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  }))
  const measure = (name, times) => JSON.parse(execFileSync(process.execPath, [new URL('contender.mjs', import.meta.url).pathname, name, folder, String(times)], { maxBuffer: 2 ** 28, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).replace(/^[^{]*/, ''))
  const ours = measure('onnxruntime', runs)
  for (const name of ['cpu', 'wasm', ...(process.env.TFJS_NODE ? ['node'] : [])]) {
    const peer = measure(name, name === 'node' ? runs : 1)
    for (const [what, key] of [['forward', 'answer'], ['gradient', 'slope']]) {
      if (typeof peer[what] === 'string') {
        console.error(`${name} has no ${what}: ${peer[what]}`)
        continue
      }
      const scale = Math.max(...peer[key].map(Math.abs))
      const error = Math.max(...peer[key].map((value, i) => Math.abs(value - ours[key][i]))) / scale
      if (!(error < 1e-4)) throw new Error(`${name}, ${what}: differs by ${error} of the largest value`)
      console.log(JSON.stringify({ bench: `convert/cnn-${what}/${name}`, ours: round(ours[what]), peer: round(peer[what]), unit: 'ms', ratio: round(peer[what] / ours[what]) }))
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function round(value) {
  return Number(value.toPrecision(3))
}
