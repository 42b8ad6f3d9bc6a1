import { describe, expect, it } from 'vitest'
import { createGatherer, type GathererOptions } from '../../src/artifacts/gather.js'
import type { GatherJob, Job } from '../../src/artifacts/job-protocol.js'
import type { ArtifactGatherer } from '../../src/artifacts/kind.js'
import { encodePart } from '../../src/artifacts/part-codec.js'
import type { PreparedData, PreparedModel } from '../../src/artifacts/prepare.js'
import type { ArtifactKind, ArtifactRequest } from '../../src/contracts/artifact.js'
import { ProbityError } from '../../src/contracts/errors.js'
import { exampleView } from './example-view.js'

type Asked = { readonly job: GatherJob; readonly deadlineMs: number }

/** Gatherers over a memory store and jobs that answer with their rows. */
function setUp(gatherers: object[], options: { model?: Partial<PreparedModel> | null; stored?: Map<string, Uint8Array>; fail?: (job: GatherJob) => boolean; plugins?: string[]; seed?: number } = {}) {
  const asked: Asked[] = []
  const stored = options.stored ?? new Map<string, Uint8Array>()
  const workspace = {
    folder: '/nowhere',
    store: { persistent: true, get: async (key: string) => stored.get(key) ?? null, put: async (key: string, bytes: Uint8Array) => void stored.set(key, bytes) },
    jobs: {
      isolated: true, workers: 1,
      run: async (job: Job, deadlineMs: number) => {
        asked.push({ job: job as GatherJob, deadlineMs })
        if (options.fail?.(job as GatherJob)) throw new ProbityError('job/crash', 'crashed')
        const part = { json: [...(job as GatherJob).rows], tensors: {} }
        return { part, bytes: encodePart(part) }
      },
      close: async () => undefined,
    },
    close: async () => undefined,
  }
  const model = options.model === null ? null : ({
    sha256: 'm', externalFiles: [], checkMs: 10, loadMs: 100, rowMs: 2, reference: { output: null, engine: 'onnxruntime', device: 'cpu', blockRows: 1024 },
    summary: { engine: { name: 'onnxruntime', version: '1', provider: 'cpu' } }, ...options.model,
  } as unknown as PreparedModel)
  const data = { sha256: 'd', viewSha256: 'v', view: exampleView(), inputs: [], reference: { part: '/v', original: 'd.csv' } } as unknown as PreparedData
  const gatherer = createGatherer({
    gatherers: gatherers as ArtifactGatherer<ArtifactKind>[], workspace: workspace as unknown as GathererOptions['workspace'], data, model,
    decision: { threshold: null }, seed: options.seed ?? 0, probity: '1', plugins: options.plugins ?? [],
  })
  return { gatherer, asked, stored, gather: (kind: string, parameters: object = {}) => gatherer.gather({ kind, parameters } as unknown as ArtifactRequest) }
}

const rowsKind = (kind: string, more: object = {}) => ({
  kind,
  dependsOn: () => ({}),
  plan: (parameters: object) => ({ concrete: { parameters }, rows: [0, 1, 2, 3, 4], blockRows: 2 }),
  combine: (parts: readonly { json: number[] }[]) => parts.flatMap(({ json }) => json),
  ...more,
})

describe('gathering', () => {
  it('cuts rows into blocks and puts them together in order', async () => {
    const { gather, asked, gatherer } = setUp([rowsKind('a')])
    expect(await gather('a')).toEqual({ value: [0, 1, 2, 3, 4] })
    expect(asked.map(({ job }) => job.rows)).toEqual([[0, 1], [2, 3], [4]])
    expect(gatherer.stats).toEqual({ computed: 3, reused: 0 })
  })

  it('gathers equal requests once, whatever the order of their parameters', async () => {
    const { gather, asked } = setUp([rowsKind('a')])
    await Promise.all([gather('a', { x: 1, y: 2 }), gather('a', { y: 2, x: 1 })])
    expect(asked).toHaveLength(3)
  })

  it('takes from the store what is there, and nothing that was made for something else', async () => {
    const stored = new Map<string, Uint8Array>()
    await setUp([rowsKind('a')], { stored }).gather('a')
    const computed = async (options: Parameters<typeof setUp>[1], kind = 'a', parameters = {}) => {
      const again = setUp([rowsKind('a'), rowsKind('b')], { stored: new Map(stored), ...options })
      await again.gather(kind, parameters)
      return again.gatherer.stats.computed
    }
    expect(await computed({})).toBe(0)
    expect(await computed({}, 'b')).toBe(3)
    expect(await computed({}, 'a', { epsilon: 1 })).toBe(3)
    expect(await computed({ seed: 1 })).toBe(3)
    expect(await computed({ plugins: ['p'] })).toBe(3)
    expect(await computed({ model: { sha256: 'other' } })).toBe(3)
    expect(await computed({ model: { externalFiles: [{ location: 'w', sha256: 'x' }] as unknown as PreparedModel['externalFiles'] } })).toBe(3)
    expect(await computed({ model: { summary: { engine: { name: 'onnxruntime', version: '2', provider: 'cpu' } } as PreparedModel['summary'] } })).toBe(3)
  })

  it('hands values of dependencies on, and their unavailability', async () => {
    const dependent = rowsKind('b', {
      dependsOn: () => ({ first: { kind: 'a', parameters: {} } }),
      plan: (_parameters: object, { first }: { first: number[] }) => ({ value: first.length }),
    })
    expect(await setUp([rowsKind('a'), dependent]).gather('b')).toEqual({ value: 5 })
    const missing = rowsKind('a', { plan: () => ({ unavailable: 'no label' }) })
    expect(await setUp([missing, dependent]).gather('b')).toEqual({ unavailable: 'no label' })
  })

  it('says that a model is needed where there is none', async () => {
    expect(await setUp([rowsKind('a')], { model: null }).gather('a')).toEqual({ unavailable: 'a need a model, and there are only stored predictions' })
  })

  it('gives jobs 20 s, or ten times what the probe comes to', async () => {
    const { gather, asked } = setUp([rowsKind('a'), rowsKind('b', { plan: () => ({ concrete: 0, rows: [0, 1, 2], blockRows: 2, passesPerRow: 1000 }) })])
    await gather('a')
    await gather('b')
    expect(asked.map(({ deadlineMs }) => deadlineMs)).toEqual([20_000, 20_000, 20_000, 10 * (100 + 2 * 2 * 1000), 10 * (100 + 2 * 1 * 1000)])
  })

  it('stops at the first block that fails and keeps those before', async () => {
    const { gather, asked, stored } = setUp([rowsKind('a')], { fail: ({ rows }) => rows[0] === 2 })
    await expect(gather('a')).rejects.toMatchObject({ code: 'job/crash' })
    expect(asked).toHaveLength(2)
    expect(stored.size).toBe(1)
  })

  it('names the kind that nothing gathers', async () => {
    await expect(setUp([]).gather('telepathy')).rejects.toThrow(/Nothing gathers artifacts of the kind "telepathy"/)
  })
})
