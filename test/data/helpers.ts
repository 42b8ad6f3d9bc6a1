/** @file Files in a private folder, and the one line that a failure says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import type { DataConfig } from '../../src/contracts/config.js'
import type { DType } from '../../src/contracts/tensor.js'
import type { Dim, ModelInput } from '../../src/contracts/model.js'
import { ProbityError } from '../../src/contracts/errors.js'
import { buildView, readTable, type ModelInputs, type Table } from '../../src/data/index.js'

export const folder = mkdtempSync(join(tmpdir(), 'probity-data-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

export const fixture = (name: string): string => `test/fixtures/data/${name}.csv`

export function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

let files = 0
export const csv = (content: string | Uint8Array): Promise<Table> => readTable(file(`table-${++files}.csv`, content))

/** A table of one column per line: `age: 1 2 3`. */
export const columns = (content: string): Promise<Table> => csv(content.trim().split('\n').map((line) => line.trim()).join('\n') + '\n')

export const input = (name: string, dims: readonly Dim[] | null, dtype: DType = 'float32', batchAxis: number | null = 0): ModelInput => ({ name, dims, dtype, batchAxis })
export const oneInput = (width: number | null): ModelInputs => ({ mapping: undefined, inputs: [input('x', ['N', width])] })

export const view = (table: Table, config: Partial<DataConfig>, model: ModelInputs | null = null, seed = 0) => buildView(table, { path: 'data.csv', ...config }, model, seed)

/** The message of the ProbityError that `action` ends with: one line, without the private folder. */
export async function refusal(action: () => unknown): Promise<string> {
  try {
    await action()
  } catch (error) {
    expect(error).toBeInstanceOf(ProbityError)
    const { message } = error as ProbityError
    expect(message).not.toMatch(/[\n\r]/)
    return message.replaceAll(`${folder}/`, '').replace(/table-\d+/g, 'table')
  }
  throw new Error('nothing was refused')
}
