import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { externalLocations, readExternalData, readModel, writeModel, type ExternalData, type Graph, type Node, type OnnxModel } from '../../src/graph/index.js'

const values = Float32Array.from({ length: 6 }, (_, i) => i + 0.5)
let root: string
let folder: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'probity-external-'))
  folder = join(root, 'model')
  mkdirSync(join(folder, 'sub'), { recursive: true })
  mkdirSync(join(root, 'cache'))
  mkdirSync(join(root, 'model-other'))
  const bytes = new Uint8Array(values.buffer)
  for (const path of [['model', 'w.bin'], ['model', 'sub', 'w.bin'], ['cache', 'blob'], ['secret'], ['model-other', 'w.bin']]) writeFileSync(join(root, ...path), bytes)
  symlinkSync('sub/w.bin', join(folder, 'inside'))
  symlinkSync('../cache/blob', join(folder, 'cached'))
  symlinkSync('../secret', join(folder, 'leak'))
  symlinkSync('../model-other/w.bin', join(folder, 'prefix'))
  symlinkSync(root, join(folder, 'up'))
  linkSync(join(root, 'secret'), join(folder, 'hard'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
})
afterAll(() => rmSync(root, { recursive: true }))

const external = (location: string, fields: Partial<ExternalData> = {}, dims: number[] = [2, 3]) => ({ external: { location, offset: 0, length: null, ...fields }, dims, dtype: 'float32' as const })
const constant = (location: string): Node => ({ name: 'c', opType: 'Constant', domain: '', inputs: [], outputs: ['c'], attributes: new Map([['value', { type: 'tensor', value: { ...external(location), name: 'inner' } }]]) })
function modelOf(graph: Partial<Graph>): OnnxModel {
  return {
    irVersion: 8, producerName: '', producerVersion: '', domain: '', modelVersion: 0n, doc: '', metadata: {}, functions: [],
    graph: { name: '', inputs: [], overridable: [], outputs: [], nodes: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', 18]]), ...graph },
  }
}
const one = (location: string, fields?: Partial<ExternalData>, dims?: number[]) => modelOf({ initializers: new Map([['w', external(location, fields, dims)]]) })
const tensor = { data: values, dims: [2, 3], dtype: 'float32' }

describe('reading', () => {
  it.each(['w.bin', './w.bin', 'sub/w.bin', 'inside'])('%s', async (location) => {
    expect((await readExternalData(one(location), folder)).graph.initializers.get('w')).toEqual(tensor)
  })
  it('takes the stated part', async () => {
    const { graph } = await readExternalData(one('w.bin', { offset: 8, length: 12 }, [3]), folder)
    expect(graph.initializers.get('w')).toEqual({ data: values.slice(2, 5), dims: [3], dtype: 'float32' })
  })
  it('reaches attributes and subgraphs, and survives a round trip before', async () => {
    const body = modelOf({ nodes: [constant('sub/w.bin')] }).graph
    const branch: Node = { ...constant('w.bin'), attributes: new Map([['then_branch', { type: 'graph', value: body }]]), outputs: ['y'] }
    const model = readModel(writeModel(modelOf({ nodes: [constant('w.bin'), branch] })))
    expect(externalLocations(model)).toEqual(['sub/w.bin', 'w.bin'])
    const { nodes } = (await readExternalData(model, folder)).graph
    expect(nodes[0].attributes.get('value')).toEqual({ type: 'tensor', value: { ...tensor, name: 'inner' } })
    expect(nodes[1].attributes.get('then_branch')).toMatchObject({ value: { nodes: [{ attributes: new Map([['value', { type: 'tensor', value: { ...tensor, name: 'inner' } }]]) }] } })
  })
  it('follows links into allowed folders', async () => {
    expect((await readExternalData(one('cached'), folder, { allowedRoots: [join(root, 'cache')] })).graph.initializers.get('w')).toEqual(tensor)
  })
  it('leaves a model without external data alone', async () => {
    const model = modelOf({})
    expect(await readExternalData(model, folder)).toBe(model)
  })
})

describe('refusals', () => {
  it.each<[string, RegExp]>([
    ['../secret', /no path within/], ['sub/../../secret', /no path within/], ['/etc/passwd', /no path within/], ['..\\secret', /no path within/], ['C:w.bin', /no path within/],
    ['ghost.bin', /cannot be found/], ['leak', /leads out/], ['prefix', /leads out/], ['up/secret', /leads out/], ['cached', /leads out/], ['hard', /hard link/], ['sub', /not a regular file/], ['pipe', /not a regular file/],
  ])('%s', async (location, message) => {
    await expect(readExternalData(one(location), folder)).rejects.toMatchObject({ code: 'graph/external-data', message: expect.stringMatching(message) })
  })
  it.each<[string, Partial<ExternalData>, number[], RegExp]>([
    ['a length that does not fit the shape', { length: 8 }, [2, 3], /gives 8 bytes to a float32 tensor of shape \[2, 3\], which takes 24 bytes/],
    ['a file that is too short', { offset: 4 }, [2, 3], /has 24 bytes and should hold, from byte 4/],
    ['an offset beyond the file', { offset: 2 ** 50 }, [1], /should hold/],
    ['a shape of terabytes', {}, [2 ** 40], /should hold/],
  ])('%s', async (_, fields, dims, message) => {
    await expect(readExternalData(one('w.bin', fields, dims), folder)).rejects.toMatchObject({ code: 'graph/external-data', message: expect.stringMatching(message) })
  })
})
