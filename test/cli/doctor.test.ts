import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { doctorCommand, type Diagnosis } from '../../src/cli/commands/doctor.js'
import * as probing from '../../src/engine/probe.js'

vi.hoisted(() => (process.env.NO_COLOR = '1'))

let stdout = ''
beforeEach(() => {
  stdout = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true))
})
afterEach(() => void vi.restoreAllMocks())

const json = async (): Promise<{ code: number; diagnosis: Diagnosis }> => {
  stdout = ''
  const code = await doctorCommand({ json: true })
  return { code, diagnosis: JSON.parse(stdout) as Diagnosis }
}

describe('probity doctor', () => {
  test('finds the CPU provider, and exits with 0', async () => {
    const { code, diagnosis } = await json()
    expect(code).toBe(0)
    expect(diagnosis.node).toEqual({ version: process.version, supported: true })
    expect(diagnosis.engines.onnxruntime.map(({ name }) => name)).toEqual(['cpu', 'webgpu', 'cuda'])
    expect(diagnosis.engines.onnxruntime[0]).toMatchObject({ name: 'cpu', status: 'works', says: expect.stringMatching(/^onnxruntime-node \d+\.\d+/) as string })
    expect(diagnosis.engines.tfjs.map(({ name }) => name)).toEqual(['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'])
  }, 120_000)

  test('says what to do about everything that is missing', async () => {
    const { diagnosis } = await json()
    for (const { status, says, remedy } of [...diagnosis.engines.onnxruntime, ...diagnosis.engines.tfjs, ...diagnosis.packages]) {
      expect(says).not.toBe('')
      expect(remedy !== undefined, says).toBe(status !== 'works')
    }
  }, 120_000)

  test('is lines for people', async () => {
    expect(await doctorCommand({})).toBe(0)
    expect(stdout).toMatch(/^Probity \d/)
    expect(stdout).toContain(`✓ Node         ${process.version}\n`)
    expect(stdout).toMatch(/\nONNX Runtime\n✓ cpu {10}onnxruntime-node /)
  }, 120_000)

  test('exits with 2 where the CPU provider does not run, and a driver that crashes is a line', async () => {
    vi.spyOn(probing, 'probe').mockImplementation(async (_engine, provider) => ({
      reason: provider === 'cpu' ? 'the library cannot be loaded.' : 'trying it ended the process (SIGSEGV): it printed nothing.', version: null, adapter: null, software: null,
    }))
    const { code, diagnosis } = await json()
    expect(code).toBe(2)
    expect(diagnosis.engines.onnxruntime).toMatchObject([{ status: 'broken', remedy: 'npm install onnxruntime-node' }, { status: 'absent', says: /SIGSEGV/ }, { status: 'absent' }].map((one) => ({ ...one, ...('says' in one && { says: expect.stringMatching(one.says!) as string }) })))
  })
})

describe('a probe', () => {
  test('whose process ends without an answer is a reason', async () => {
    const { reason } = await probing.probe('onnxruntime', 'no such provider')
    expect(reason).toMatch(/^.+\.$/)
  }, 60_000)
})
