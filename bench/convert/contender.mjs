/**
 * One engine on the network of convert.mjs, in a process of its own: the median time of a forward pass and of the gradient at the input.
 *
 *   node contender.mjs cpu|wasm|node|onnxruntime FOLDER RUNS
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [, , name, folder, times] = process.argv
const [BATCH, SIZE, CHANNELS, CLASSES] = [8, 32, 3, 10]
const x = Float32Array.from({ length: BATCH * SIZE * SIZE * CHANNELS }, (_, i) => Math.sin(i * 0.37))
const target = Float32Array.from({ length: BATCH * CLASSES }, (_, i) => (i % 7) / 7)

async function median(run) {
  const taken = []
  for (let i = -1; i < Number(times); i++) {
    const before = performance.now()
    await run()
    if (i >= 0) taken.push(performance.now() - before)
  }
  return taken.sort((a, b) => a - b)[Math.floor(taken.length / 2)]
}

async function onnxruntime() {
  const dist = resolve(process.env.PROBITY_DIST ?? new URL('../../dist', import.meta.url).pathname)
  const { loadModel } = await import(pathToFileURL(join(dist, 'src/engine/index.js')).href)
  const model = await loadModel(join(folder, 'model.json'), { engine: 'onnxruntime', device: 'cpu', threads: 2 })
  const [feeds, output] = [{ [model.inputs[0].name]: { data: x, dims: [BATCH, SIZE, SIZE, CHANNELS] } }, model.outputs[0].name]
  const answer = await model.predict(feeds)
  const gradient = () => model.gradient(feeds, { output, loss: 'mse', target })
  return { forward: await median(() => model.predict(feeds)), gradient: await median(gradient), answer: answer[output].data, slope: (await gradient())[model.inputs[0].name].data }
}

async function tensorflow() {
  const require = createRequire(name === 'node' ? process.env.TFJS_NODE : import.meta.url)
  // Node 23 and later have no longer what tfjs-node 4.22 asks for.
  require('node:util').isNullOrUndefined ??= (value) => value === null || value === undefined
  const tf = require(name === 'node' ? '@tensorflow/tfjs-node' : '@tensorflow/tfjs')
  if (name === 'wasm') require('@tensorflow/tfjs-backend-wasm')
  await tf.setBackend(name === 'node' ? 'tensorflow' : name)
  await tf.ready()
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))
  const bytes = readFileSync(join(folder, 'weights.bin'))
  const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: new Uint8Array(bytes).buffer }))
  const [at, wanted] = [tf.tensor4d(x, [BATCH, SIZE, SIZE, CHANNELS]), tf.tensor2d(target, [BATCH, CLASSES])]
  const slopeOf = tf.grad((values) => tf.mul(tf.sum(tf.square(tf.sub(model.apply(values), wanted))), 1 / CLASSES))
  const read = async (make) => {
    const made = tf.tidy(make)
    const data = await made.data()
    made.dispose()
    return data
  }
  const [forward, gradient] = [() => read(() => model.predict(at)), () => read(() => slopeOf(at))]
  // WebAssembly has no gradient of a kernel, which TensorFlow.js calculates along with that of the input.
  const slope = await gradient().catch((error) => error.message)
  return { forward: await median(forward), gradient: typeof slope === 'string' ? slope : await median(gradient), answer: await forward(), slope }
}

const { forward, gradient, answer, slope } = await (name === 'onnxruntime' ? onnxruntime() : tensorflow())
process.stdout.write(JSON.stringify({ forward, gradient, answer: [...answer], slope: [...slope.slice(0, 4096)] }))
