/** @file Models that pre-flight lets through and the runtime refuses: each ends in one line, or in an answer. And names, which may be anything. */
import { describe, expect, it } from 'vitest'
import { ProbityError } from '../../../src/contracts/errors.js'
import type { Tensors } from '../../../src/contracts/tensor.js'
import { loadModel } from '../../../src/engine/index.js'
import { checkModel } from '../../../src/worker/check-model.js'
import { LIES } from './lies.js'
import { namedClasses, namedEverywhere, NAMES } from './names.js'
import { refusalOf } from './refusal.js'
import { chain, TREES } from './trees.js'

const X = { data: new Float32Array([1, 2, 3, 4]), dims: [2, 2] }

const check = (bytes: Uint8Array) => checkModel(bytes, { original: 'm.onnx', maxMemoryBytes: 2 ** 32, memory: 'normal' })

/** What a file answers for two rows, after the same check as in a child process. */
async function answer(bytes: Uint8Array): Promise<Tensors> {
  check(bytes)
  const model = await loadModel(bytes)
  try {
    return await model.predict({ x: X })
  } finally {
    await model.dispose()
  }
}

/** These say something that has a meaning, if an unusual one. */
const MEANINGFUL: ReadonlySet<string> = new Set(['a negative IR version', 'more class labels than coefficients', 'no kernel parameters'])

describe.each([['trees', TREES], ['graphs', LIES]] as const)('%s that lie:', (_, zoo) => {
  it.each(Object.entries(zoo))('%s', async (name, make) => {
    const outcome = await answer(make()).then(() => 'answered', (error: unknown) => error)
    if (MEANINGFUL.has(name)) expect(outcome).toBe('answered')
    else {
      expect(outcome).toBeInstanceOf(ProbityError)
      expect((outcome as ProbityError).message).not.toContain('\n')
    }
  })

})

describe('a tree', () => {
  it('of more levels than a runtime can build by recursion is refused', () => {
    expect(refusalOf(() => check(chain(20_000)))).toMatch(/holds a tree of 1001 levels or more; the limit maxTreeDepth is 1000\./)
  })

  it('of 999 answers', async () => expect(Object.keys(await answer(chain(999)))).toEqual(['y']))
})

describe.each(NAMES)('%s', (what, name) => {
  it.each(['input', 'output'] as const)('names an %s, nodes, functions, domains and metadata', async (end) => {
    const bytes = namedEverywhere(name, end)
    if (what === 'a NUL') return expect(refusalOf(() => check(bytes))).toMatch(/which has a NUL in it/)
    check(bytes)
    const model = await loadModel(bytes)
    const [input, output] = end === 'input' ? [written(name), 'y'] : ['x', written(name)]
    expect([model.inputs[0].name, model.outputs[0].name]).toEqual([input, output])
    const feeds = Object.fromEntries([[input, X]])
    if (output === '__proto__') return expect(model.predict(feeds)).rejects.toThrow(/hands out no value named "__proto__"/)
    expect(Object.entries(await model.predict(feeds)).map(([key, { dims }]) => [key, dims])).toEqual([[output, [2, 2]]])
    expect(Object.entries(await model.gradient(feeds, { target: [0, 1], loss: 'cross-entropy' })).map(([key, { dims }]) => [key, dims])).toEqual([[input, [2, 2]]])
    expect(Object.getPrototypeOf(model.metadata)).toBeNull()
    expect(Object.keys(model.metadata)).toContain(written(name))
    await model.dispose()
  })

  it('names a class', async () => {
    const model = await loadModel(namedClasses(name))
    expect(model.prediction.classes).toEqual([written(name), 'other'])
    expect((await model.predict({ x: X }))['label'].data).toEqual(['other', 'other'])
    await model.dispose()
  })
})

/** As UTF-8 holds it: half a character becomes a replacement. */
const written = (name: string): string => Buffer.from(name).toString()
