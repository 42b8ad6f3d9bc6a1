import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readModel, writeModel, type Graph, type Node } from '../../src/graph/index.js'
import { toAttributes } from '../../src/graph/builder.js'
import { checkModel } from '../../src/worker/check-model.js'

const fixture = (path: string): Uint8Array => readFileSync(new URL(`../fixtures/${path}`, import.meta.url))
const LIMIT = 4 * 2 ** 30

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
    for (const name of ['digits-cnn', 'hmda-mlp', 'hmda-forest']) expect(checkModel(fixture(`models/${name}.onnx`), name, LIMIT)).toEqual({ locations: [], blockRows: 1024 })
  })

  it('names external files', () => {
    expect(checkModel(fixture('engine/external.onnx'), 'external.onnx', LIMIT).locations).toEqual(['external.weights'])
  })

  it('takes fewer rows for large activations, whatever the memory of the machine', () => {
    // 3.9 MB per row: 136 rows fit into 512 MiB, and halving 1,024 comes to 128.
    expect(checkModel(doubling(16), 'm.onnx', LIMIT).blockRows).toBe(128)
    expect(checkModel(doubling(16), 'm.onnx', LIMIT / 4).blockRows).toBe(128)
    expect(checkModel(doubling(22), 'm.onnx', LIMIT).blockRows).toBe(2)
  })

  it('refuses in the name of the file what not even one row fits into', () => {
    expect(() => checkModel(doubling(30), 'm.onnx', LIMIT)).toThrow(expect.objectContaining({ code: 'preflight/max-memory-bytes', message: expect.stringMatching(/^m\.onnx: The model holds \d+ bytes/) }))
  })

  it.each(['model.pkl', 'model.PT', 'model.joblib', 'model.keras'])('refuses %s by name', (name) => {
    expect(() => checkModel(fixture('models/hmda-mlp.onnx'), name, LIMIT)).toThrow(new RegExp(`^${name} is named like`))
  })

  it('refuses other formats by content', () => {
    expect(() => checkModel(Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'm.onnx', LIMIT)).toThrow(/^m\.onnx: The file is a Git LFS pointer/)
  })
})
