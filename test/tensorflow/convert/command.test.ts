/** @file probity convert, gradient and audit on a model.json, as a user runs them. */
import { existsSync, readdirSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, test } from 'vitest'
import { probity, readReport, temporaryFolder } from '../../e2e/command.js'
import { drawing, drawWeights, saved } from './save-layers.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const L = tf.layers

async function write(folder: string, model: tf.LayersModel, edit: (json: Record<string, unknown>) => void = () => undefined): Promise<void> {
  const { json, bytes } = await saved(model)
  const copy = structuredClone(json)
  edit(copy)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'model.json'), JSON.stringify(copy))
  writeFileSync(join(folder, 'weights.bin'), bytes)
}

function classifier(): tf.Sequential {
  const model = tf.sequential({ layers: [L.dense({ units: 8, inputShape: [3], activation: 'relu', name: 'hidden' }), L.dense({ units: 2, activation: 'softmax', name: 'answer' })] })
  drawWeights(model, drawing(7))
  model.setUserDefinedMetadata({ classes: ['no', 'yes'] })
  return model
}

const rows = Array.from({ length: 60 }, (_, i) => [Math.sin(i), Math.cos(3 * i), Math.sin(2 * i + 1)])

function layersOf(json: Record<string, unknown>): { class_name: string; config: Record<string, unknown> }[] {
  return (json['modelTopology'] as { config: { layers: { class_name: string; config: Record<string, unknown> }[] } }).config.layers
}

describe('probity convert', () => {
  test('writes a file that answers like the model on stock ONNX Runtime', async () => {
    const folder = temporaryFolder()
    const model = classifier()
    await write(join(folder, 'saved'), model)
    expect(probity(['convert', 'saved', '-o', 'model.onnx'], { cwd: folder })).toMatchObject({ code: 0, stdout: 'model.onnx\n' })
    const session = await InferenceSession.create(join(folder, 'model.onnx'))
    expect([session.inputNames, session.outputNames]).toEqual([['hidden_input'], ['answer']])
    const { answer } = await session.run({ hidden_input: new Tensor('float32', Float32Array.from(rows.flat()), [60, 3]) })
    const expected = (model.predict(tf.tensor2d(rows)) as tf.Tensor).dataSync()
    ;(answer.data as Float32Array).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-6))
    await session.release()
  })

  test('--check names every layer in the way, and writes nothing', async () => {
    const folder = temporaryFolder()
    const model = tf.sequential({ layers: [L.gru({ units: 2, inputShape: [3, 2], name: 'first' }), L.dense({ units: 2, name: 'second' })] })
    await write(folder, model, (json) => layersOf(json).forEach(({ config }) => Object.assign(config, config['name'] === 'first' ? { stateful: true } : { activation: 'magic' })))
    const before = readdirSync(folder)
    const run = probity(['convert', 'model.json', '--check'], { cwd: folder })
    expect(run, run.stderr).toMatchObject({ code: 1 })
    expect(run.stdout.trimEnd().split('\n')).toEqual([expect.stringMatching(/^GRU "first": it is stateful/), expect.stringMatching(/^Dense "second": its activation "magic"/)])
    const refused = probity(['convert', 'model.json', '-o', 'model.onnx'], { cwd: folder })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toMatch(/^[^\n]*GRU "first"[^\n]*Dense "second"[^\n]*\n$/)
    expect(readdirSync(folder)).toEqual(before)
  })

  test('code in place of a layer is refused before anything else', async () => {
    const folder = temporaryFolder()
    await write(folder, classifier(), (json) => layersOf(json).forEach((layer) => (layer.class_name = 'Lambda')))
    expect(probity(['convert', 'model.json', '--check'], { cwd: folder })).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Lambda, which is code') as string })
  })

  test.each([
    { name: 'a GraphModel', file: 'model.json', text: '{"format":"graph-model","modelTopology":{"node":[]},"weightsManifest":[]}', says: /GraphModel.*tf2onnx.*--tfjs/ },
    { name: 'a SavedModel', file: 'saved_model.pb', text: 'x', says: /SavedModel.*tf2onnx/ },
    { name: 'an ONNX model that is none', file: 'model.onnx', text: 'x', says: /model\.onnx/ },
    { name: 'a Keras file', file: 'model.keras', text: 'x', says: /Keras/ },
    { name: 'other JSON', file: 'model.json', text: '{}', says: /not a TensorFlow\.js model\.json/ },
    { name: 'a topology without layers', file: 'model.json', text: '{"modelTopology":{"class_name":"Sequential","config":{"layers":[]}},"weightsManifest":[]}', says: /no list of layers/ },
  ])('$name: one line, exit 2, nothing written', ({ file, text, says }) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, file), text)
    const run = probity(['convert', file, '-o', 'out.onnx'], { cwd: folder })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(says)
    expect(run.stderr.trimEnd()).not.toContain('\n')
    expect(existsSync(join(folder, 'out.onnx'))).toBe(false)
  })

  test('needs to know where to write', () => {
    expect(probity(['convert', 'model.json'])).toMatchObject({ code: 2, stderr: expect.stringContaining('-o model.onnx') as string })
  })
})

describe('a model.json elsewhere', () => {
  test('probity gradient differentiates it', async () => {
    const folder = temporaryFolder()
    const model = classifier()
    await write(folder, model)
    const run = probity(['gradient', 'model.json', '--output', 'answer', '--loss', 'mse', '-o', 'gradient.onnx'], { cwd: folder })
    expect(run, run.stderr).toMatchObject({ code: 0, stdout: 'gradient.onnx\n' })
    const session = await InferenceSession.create(join(folder, 'gradient.onnx'))
    const target = Float32Array.from({ length: 120 }, (_, i) => (i % 3) / 2)
    const got = await session.run({ hidden_input: new Tensor('float32', Float32Array.from(rows.flat()), [60, 3]), target: new Tensor('float32', target, [60, 2]) })
    const x = tf.tensor2d(rows)
    const expected = tf.grad((at: tf.Tensor) => tf.sum(tf.square(tf.sub(model.apply(at) as tf.Tensor, tf.tensor2d(target, [60, 2])))).div(2))(x).dataSync()
    ;(got['gradient_hidden_input'].data as Float32Array).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-5))
    await session.release()
  })

  test('an audit with --engine onnxruntime converts it, and the report says what it was', async () => {
    const folder = temporaryFolder()
    await write(folder, classifier())
    writeFileSync(join(folder, 'data.csv'), `a,b,c,group,label\n${rows.map((row, i) => `${row.join(',')},${i % 2 ? 'x' : 'y'},${i % 3 ? 'yes' : 'no'}`).join('\n')}\n`)
    writeFileSync(join(folder, 'probity.config.json'), JSON.stringify({
      model: { path: 'model.json', inputs: { hidden_input: { columns: ['a', 'b', 'c'] } } },
      data: { path: 'data.csv', label: 'label', positive: 'yes', favorable: 'yes', features: ['a', 'b', 'c'], sensitive: ['group'] },
    }))
    const run = probity(['audit', '--engine', 'onnxruntime', '--format', 'json', '--out', 'report', '--exit-zero', '--no-cache'], { cwd: folder })
    expect(run.code, run.stderr).toBe(0)
    const { model, engine } = readReport(join(folder, 'report'))
    expect(model).toMatchObject({ format: 'tfjs-layers-model', producer: expect.stringContaining('TensorFlow.js') as string })
    expect(engine?.name).toBe('onnxruntime')
    expect(readFileSync(join(folder, 'report', 'report.json'), 'utf8')).toContain('"yes"')
  })
})
