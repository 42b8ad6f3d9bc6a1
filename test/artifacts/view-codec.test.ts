import { describe, expect, it } from 'vitest'
import { decodePart, encodePart } from '../../src/artifacts/part-codec.js'
import { decodeView, encodeView } from '../../src/artifacts/view-codec.js'
import { exampleView } from './example-view.js'

const inputs = [{ input: 'x', columns: [0, 1], shape: [2], scale: 0.5 }]

describe('a view as a part', () => {
  it('comes back whole', () => {
    const view = exampleView()
    expect(decodeView(decodePart(encodePart(encodeView({ view, inputs }))), view.path, '')).toEqual({ view, inputs })
  })

  it('comes back without label, prediction, score and groups', () => {
    const view = { ...exampleView(), label: null, prediction: null, score: null, sensitive: [] }
    expect(decodeView(decodePart(encodePart(encodeView({ view, inputs: [] }))), view.path, '')).toEqual({ view, inputs: [] })
  })

  it('does not depend on where the file lies', () => {
    const bytes = (path: string) => encodePart(encodeView({ view: { ...exampleView(), path }, inputs }))
    expect(bytes('/a/d.csv')).toEqual(bytes('/b/d.csv'))
  })

  it('refuses codes without a category, sizes that differ and inputs without a feature', () => {
    const damaged = (change: (part: ReturnType<typeof encodeView>) => unknown) => {
      const part = encodeView({ view: exampleView(), inputs })
      return () => decodeView(change(part) as typeof part, 'd.csv', '')
    }
    const codes = (values: number[]) => ({ data: Int32Array.from(values), dims: [values.length], dtype: 'int32' })
    expect(damaged((part) => ({ ...part, tensors: { ...part.tensors, 'label.codes': codes([0, 1, 2]) } }))).toThrow(/code of label has no category/)
    expect(damaged((part) => ({ ...part, tensors: { ...part.tensors, 'label.codes': codes([0, 1]) } }))).toThrow(/label.codes is missing or has another size/)
    expect(damaged((part) => ({ ...part, tensors: { ...part.tensors, matrix: part.tensors['label.codes'] } }))).toThrow(/matrix is missing/)
    expect(damaged((part) => ({ ...part, json: { ...(part.json as object), inputs: [{ ...inputs[0], columns: [2] }] } }))).toThrow(/feature that does not exist/)
    expect(damaged((part) => ({ ...part, json: { ...(part.json as object), rows: '3' } }))).toThrow(/another shape/)
  })
})
