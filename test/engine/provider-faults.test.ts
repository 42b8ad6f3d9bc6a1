import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { takePrecautions } from '../../src/engine/onnxruntime/provider-faults.js'
import { countFallbacks } from '../../src/engine/onnxruntime/provider-fallbacks.js'
import { hasHardwareAdapter } from '../../src/engine/onnxruntime/devices.js'
import { GraphBuilder, readModel, subgraphsOf, upgradeModel, type Graph } from '../../src/graph/index.js'
import { differentiate } from '../../src/autodiff/index.js'

const folder = new URL('../fixtures/architectures', import.meta.url).pathname
const keras = readModel(gunzipSync(readFileSync(`${folder}/keras-gru.18.onnx.gz`)))

/** Every node inside a subgraph, of any depth. */
const inside = (graph: Graph): string[] => graph.nodes.flatMap((node) => subgraphsOf(node).flatMap((body) => [...body.nodes.map(({ name }) => name), ...inside(body)]))

describe('nodes that stay on the CPU', () => {
  const { graph } = upgradeModel(keras)
  const gradient = differentiate(graph, { objective: { output: graph.outputs[0].name }, withRespectTo: [graph.inputs[0].name] })

  test('are those in bodies of loops, each under a name of its own, and nothing else changes', () => {
    const bare: Graph = { ...gradient, nodes: gradient.nodes.map((node) => ({ ...node, attributes: new Map([...node.attributes].map(([key, value]) => [key, value.type === 'graph' ? { ...value, value: { ...value.value, nodes: value.value.nodes.map((one) => ({ ...one, name: '' })) } } : value])) })) }
    expect(inside(bare).length).toBeGreaterThan(0)
    expect(inside(bare).every((name) => name === '')).toBe(true)
    const kept = takePrecautions(bare, 'webgpu')
    expect(new Set(kept.precautions.cpuNodes)).toEqual(new Set(inside(kept.graph)))
    expect(kept.precautions.cpuNodes.length).toBe(inside(bare).length)
    expect(kept.graph.nodes.map(({ name, opType }) => [name, opType])).toEqual(bare.nodes.map(({ name, opType }) => [name, opType]))
  })
  test('are none on other providers', () => {
    for (const provider of ['cpu', 'cuda'] as const) expect(takePrecautions(gradient, provider)).toEqual({ graph: gradient, precautions: { cpuNodes: [], layout: null } })
  })
})

describe('the order of channels on WebGPU', () => {
  const layoutOf = (channels: number | null) => {
    const type = (dims: readonly (number | null)[]) => ({ kind: 'tensor', dtype: 'float32', dims } as const)
    const empty: Graph = { name: 'conv', inputs: [], overridable: [], outputs: [], initializers: new Map(), sparseInitializers: new Map(), nodes: [], valueInfo: new Map(), opsets: new Map([['', 18]]) }
    const builder = new GraphBuilder(empty)
    const x = builder.input({ name: 'x', type: type([1, channels, 8, 8]) })
    const w = channels === null ? builder.input({ name: 'w', type: type([4, null, 3, 3]) }) : builder.initializer({ data: new Float32Array(4 * channels * 9), dims: [4, channels, 3, 3], dtype: 'float32' })
    builder.output({ name: builder.add('Conv', [x, w]), type: type([1, 4, 6, 6]) })
    return takePrecautions(builder.build(), 'webgpu').precautions.layout
  }
  test.each([6, 9, 15, 18, 30, 66, null])('keeps %s channels apart, which are misread beside each other', (channels) => expect(layoutOf(channels)).toBe('NCHW'))
  test.each([1, 3, 4, 8, 12, 24, 64])('is the provider\'s for %s channels', (channels) => expect(layoutOf(channels)).toBeNull())
})

test('fallbacks are the nodes that the runtime says it ran on the CPU, by operator', () => {
  const node = (name: string, operator: string, provider: string) => ({ cat: 'Node', name, args: { op_name: operator, provider } })
  const events = [
    { cat: 'Session', name: 'model_run' }, node('a', 'Gemm', 'WebGpuExecutionProvider'), node('b', 'TopK', 'CPUExecutionProvider'), node('b', 'TopK', 'CPUExecutionProvider'),
    node('c', 'TopK', 'CPUExecutionProvider'), node('d', 'Abs', 'CPUExecutionProvider'),
  ]
  expect([...countFallbacks(events)]).toEqual([['Abs', 1], ['TopK', 2]])
})

describe('a hardware adapter is not looked for', () => {
  const software = '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json'
  test.each([
    ['where only a software driver is named', { VK_ICD_FILENAMES: software }, 'darwin'],
    ['where several are, all software', { VK_DRIVER_FILES: `${software}:/usr/lib/chromium/vk_swiftshader_icd.json` }, 'linux'],
  ])('%s', (_, environment, platform) => expect(hasHardwareAdapter(environment, platform)).toBe(false))
  test('unlike where a graphics card is always there', () => expect(hasHardwareAdapter({}, 'darwin')).toBe(true))
})
