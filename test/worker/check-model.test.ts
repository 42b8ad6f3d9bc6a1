import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readModel, writeModel, type Graph, type Node } from '../../src/graph/index.js'
import { toAttributes } from '../../src/graph/builder.js'
import { checkModel } from '../../src/worker/check-model.js'

const fixture = (path: string): Uint8Array => readFileSync(new URL(`../fixtures/${path}`, import.meta.url))
const LIMIT = 4 * 2 ** 30

/** x [N, 2^20] through 40 layers that keep its size: a gradient keeps 160 MiB per row, a forward pass 8 MiB. */
function deep(): Uint8Array {
  const nodes = Array.from({ length: 40 }, (_, i): Node => ({ name: '', opType: 'Tanh', domain: '', inputs: [i === 0 ? 'x' : `v${i - 1}`], outputs: [`v${i}`], attributes: new Map() }))
  const graph: Graph = {
    name: 'deep', overridable: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]), nodes,
    inputs: [{ name: 'x', type: { kind: 'tensor', dtype: 'float32', dims: ['N', 2 ** 20] } }],
    outputs: [{ name: 'v39', type: { kind: 'tensor', dtype: 'float32', dims: ['N', 2 ** 20] } }],
  }
  return writeModel({ ...readModel(fixture('models/hmda-mlp.onnx')), graph })
}

/** x [N, 10] is joined with itself `doublings` times: the last two values take 4·10·(2^(d−1) + 2^d) bytes per row. */
function doubling(doublings: number): Uint8Array {
  const nodes = Array.from({ length: doublings }, (_, i): Node => {
    const input = i === 0 ? 'x' : `v${i - 1}`
    return { name: '', opType: 'Concat', domain: '', inputs: [input, input], outputs: [`v${i}`], attributes: toAttributes({ axis: 1 }) }
  })
  const graph: Graph = {
    name: 'doubling', overridable: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]), nodes,
    inputs: [{ name: 'x', type: { kind: 'tensor', dtype: 'float32', dims: ['N', 10] } }],
    outputs: [{ name: `v${doublings - 1}`, type: { kind: 'tensor', dtype: 'float32', dims: ['N', null] } }],
  }
  return writeModel({ ...readModel(fixture('models/hmda-mlp.onnx')), graph })
}

describe('checking a model before it is loaded', () => {
  it('lets small models run 1,024 rows at a time', () => {
    for (const name of ['digits-cnn', 'hmda-mlp', 'hmda-forest']) expect(checkModel(fixture(`models/${name}.onnx`), { original: name, maxMemoryBytes: LIMIT, memory: 'normal' })).toEqual({ locations: [], blockRows: 1024, gainsFromGpu: false })
  })

  it('names external files', () => {
    expect(checkModel(fixture('engine/external.onnx'), { original: 'external.onnx', maxMemoryBytes: LIMIT, memory: 'normal' }).locations).toEqual(['external.weights'])
  })

  it('takes fewer rows for large activations, whatever the memory of the machine', () => {
    // A gradient keeps 5.2 MB per row: 204 rows fit into 1 GiB, and halving 1,024 comes to 128.
    expect(checkModel(doubling(16), { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'normal' }).blockRows).toBe(128)
    expect(checkModel(doubling(16), { original: 'm.onnx', maxMemoryBytes: LIMIT / 4, memory: 'normal' }).blockRows).toBe(128)
    expect(checkModel(doubling(22), { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'normal' }).blockRows).toBe(4)
  })

  it('takes more rows where activations are computed again', () => {
    expect(checkModel(deep(), { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'normal' }).blockRows).toBe(4)
    expect(checkModel(deep(), { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'low' }).blockRows).toBe(32)
  })

  it('refuses in the name of the file what not even one row fits into', () => {
    expect(() => checkModel(doubling(30), { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'normal' })).toThrow(expect.objectContaining({ code: 'preflight/max-memory-bytes', message: expect.stringMatching(/^m\.onnx: The model holds \d+ bytes/) }))
  })

  it.each(['model.pkl', 'model.PT', 'model.joblib', 'model.keras'])('refuses %s by name', (name) => {
    expect(() => checkModel(fixture('models/hmda-mlp.onnx'), { original: name, maxMemoryBytes: LIMIT, memory: 'normal' })).toThrow(new RegExp(`^${name} is named like`))
  })

  it('refuses other formats by content', () => {
    expect(() => checkModel(Buffer.from('version https://git-lfs.github.com/spec/v1\n'), { original: 'm.onnx', maxMemoryBytes: LIMIT, memory: 'normal' })).toThrow(/^m\.onnx: The file is a Git LFS pointer/)
  })
})
