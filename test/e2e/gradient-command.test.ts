/** @file probity gradient, as a user runs it: the file it writes is run with stock ONNX Runtime and held against PyTorch's gradient. */
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { buildGraph, type GraphParts } from '../autodiff/build-graph.js'
import { modelBytes } from '../autodiff/run-graph.js'
import { ROOT, probity, temporaryFolder } from './command.js'

const MODELS = join(ROOT, 'test/fixtures/models')
const ENGINE = join(ROOT, 'test/fixtures/engine')
type Expected = { 'hmda-mlp': { features: string[]; first8_target: number[]; cross_entropy_input_gradient: number[][] } }
const { 'hmda-mlp': truth } = JSON.parse(readFileSync(join(MODELS, 'expected.json'), 'utf8')) as Expected
const [header, ...lines] = readFileSync(join(ROOT, 'examples/mortgage/hmda-test.csv'), 'utf8').trimEnd().split('\n').map((line) => line.split(','))
const rows = lines.slice(0, 8).map((cells) => truth.features.map((name) => Number(cells[header.indexOf(name)])))

describe('probity gradient', () => {
  test('writes a file that gives PyTorch\'s gradient on stock ONNX Runtime', async () => {
    const folder = temporaryFolder()
    const run = probity(['gradient', join(MODELS, 'hmda-mlp.onnx'), '--loss', 'cross-entropy', '-o', 'gradient.onnx'], { cwd: folder })
    expect(run).toMatchObject({ code: 0, stdout: 'gradient.onnx\n' })
    expect(run.stderr).toContain('"gradient_x", the gradient of the sum over rows with respect to "x"')
    const session = await InferenceSession.create(join(folder, 'gradient.onnx'))
    const x = new Tensor('float32', Float32Array.from(rows.flat()), [8, truth.features.length])
    const target = new Tensor('int64', BigInt64Array.from(truth.first8_target, BigInt), [8])
    const { gradient_x: gradient, objective } = await session.run({ x, target })
    expect(objective.dims).toEqual([8])
    const expected = truth.cross_entropy_input_gradient.flat()
    ;(gradient.data as Float32Array).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-5))
    await session.release()
  })

  test('takes weights along that lie in another file', async () => {
    const folder = temporaryFolder()
    for (const name of ['external.onnx', 'external.weights']) copyFileSync(join(ENGINE, name), join(folder, name))
    expect(probity(['gradient', 'external.onnx', '--out', 'gradient.onnx'], { cwd: folder }).code).toBe(0)
    const session = await InferenceSession.create(join(folder, 'gradient.onnx'))
    await session.release()
  })

  test('--check says which operators have no gradient, and writes nothing', () => {
    const folder = temporaryFolder()
    const forest = probity(['gradient', join(MODELS, 'hmda-forest.onnx'), '--check'], { cwd: folder })
    expect(forest.code).toBe(1)
    expect(forest.stdout).toMatch(/^Node "TreeEnsembleClassifier" .*black-box/)
    expect(probity(['gradient', join(MODELS, 'digits-cnn.onnx'), '--check'], { cwd: folder })).toMatchObject({ code: 0, stdout: expect.stringContaining('every operator on the way has a gradient') as string })
    expect(readdirSync(folder)).toEqual([])
  })

  const model = join(MODELS, 'hmda-mlp.onnx')
  test.each([
    { name: 'an operator without a gradient', args: [join(MODELS, 'hmda-forest.onnx'), '-o', 'g.onnx'], says: /TreeEnsembleClassifier.*black-box/ },
    { name: 'no file to write', args: [model], says: /-o gradient\.onnx/ },
    { name: 'both -o and --check', args: [model, '-o', 'g.onnx', '--check'], says: /Leave one of the two out/ },
    { name: 'a folder that does not exist', args: [model, '-o', 'nowhere/g.onnx'], says: /nowhere does not exist/ },
    { name: 'the model itself', args: [model, '-o', model], says: /is the model itself/ },
    { name: 'a missing model', args: ['nowhere.onnx', '-o', 'g.onnx'], says: /nowhere\.onnx: the model does not exist/ },
    { name: 'a value that does not exist', args: [model, '--with-respect-to', 'xx', '-o', 'g.onnx'], says: /no value xx\. Did you mean x\?/ },
    { name: 'an output that does not exist', args: [model, '--output', 'logit', '-o', 'g.onnx'], says: /no value logit\. Did you mean logits\?/ },
    { name: 'a loss that does not exist', args: [model, '--loss', 'hinge', '-o', 'g.onnx'], says: /hinge.*cross-entropy/ },
  ])('$name: one line, exit 2, nothing written', ({ args, says }) => {
    const folder = temporaryFolder()
    const before = readFileSync(model)
    const run = probity(['gradient', ...args], { cwd: folder })
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(says)
    expect(readdirSync(folder)).toEqual([])
    expect(readFileSync(model).equals(before)).toBe(true)
  })

  // The file is at fault, not the operators: nothing to list, and nothing to write.
  const x = { inputs: { x: ['rows', 6] }, outputs: ['y'] } as const
  const condition = { c: { data: [1], dims: [], dtype: 'bool' as const } }
  const body = (value: string) => ({ type: 'graph' as const, value: { ...buildGraph({ inputs: {}, ops: [['Exp', [value], 'e']], outputs: ['e'] }) } })
  test.each<{ name: string; graph: GraphParts; says: RegExp }>([
    { name: 'a cycle', graph: { ...x, ops: [['Add', ['x', 'b'], 'a'], ['Exp', ['a'], 'b'], ['Relu', ['b'], 'y']] }, says: /Node "(Add to a|Exp to b)".*cycle/ },
    { name: 'an operator that does not exist', graph: { ...x, ops: [['Frobnicate', ['x'], 'y']] }, says: /Frobnicate to y/ },
    { name: 'too few inputs', graph: { ...x, ops: [['Add', ['x'], 'y']] }, says: /Add to y/ },
    { name: 'too many inputs', graph: { ...x, ops: [['Relu', ['x', 'x'], 'y']] }, says: /Relu to y/ },
    { name: 'a value that nobody makes', graph: { ...x, ops: [['Add', ['x', 'nowhere'], 'y']] }, says: /Node "Add to y" \(Add\) reads "nowhere"/ },
    { name: 'a capture that nobody makes', graph: { ...x, constants: condition, ops: [['If', ['c'], 'y', { then_branch: body('lost'), else_branch: body('x') }]] }, says: /Node "Exp to e" \(Exp\) reads "lost"/ },
    { name: 'a value made twice', graph: { ...x, ops: [['Exp', ['x'], 'y'], ['Relu', ['x'], 'y']] }, says: /"y", made by Node "Relu to y"/ },
    { name: 'an attribute of another type', graph: { ...x, ops: [['Softmax', ['x'], 'y', { axis: [1] }]] }, says: /Softmax to y/ },
    { name: 'a missing attribute', graph: { ...x, ops: [['Concat', ['x', 'x'], 'y']] }, says: /Concat to y/ },
    { name: 'an axis beyond the last', graph: { ...x, ops: [['Softmax', ['x'], 'y', { axis: 5 }]] }, says: /Softmax to y/ },
    { name: 'an order that is none', graph: { ...x, ops: [['Transpose', ['x'], 'y', { perm: [0, 0] }]] }, says: /Transpose to y/ },
    { name: 'types that clash', graph: { ...x, constants: { k: { data: [1], dims: [1], dtype: 'int64' } }, ops: [['Add', ['x', 'k'], 'y']] }, says: /Add to y/ },
    { name: 'shapes that clash', graph: { ...x, constants: { k: { data: [1, 2, 3, 4, 5], dims: [5, 1] } }, ops: [['MatMul', ['x', 'k'], 'y']] }, says: /MatMul to y/ },
  ])('$name in the file: one line that names it, exit 2, with and without --check', ({ graph, says }) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'wrong.onnx'), modelBytes(buildGraph(graph)))
    for (const how of [['--check'], ['-o', 'g.onnx']]) {
      const run = probity(['gradient', 'wrong.onnx', ...how], { cwd: folder })
      expect(run).toMatchObject({ code: 2, stdout: '' })
      expect(run.stderr).toMatch(says)
      expect(run.stderr.trimEnd()).toMatch(/^probity: [^\n]*wrong\.onnx[^\n]*$/)
    }
    expect(readdirSync(folder)).toEqual(['wrong.onnx'])
  })

  test('--memory low gives the same file to feed and fetch, and the same gradient; several values at once are those one at a time', async () => {
    const folder = temporaryFolder()
    const inner = '/2/Relu_output_0'
    const values = [['image'], [inner], [`image,${inner}`], [`image,${inner}`, '--memory', 'low']].map((flags) => ['--with-respect-to', ...flags])
    const image = new Tensor('float32', Float32Array.from({ length: 3 * 64 }, (_, i) => Math.abs(Math.sin(i))), [3, 1, 8, 8])
    const target = new Tensor('int64', BigInt64Array.from([1n, 5n, 9n]), [3])
    const runs = []
    for (const [i, flags] of values.entries()) {
      expect(probity(['gradient', join(MODELS, 'digits-cnn.onnx'), '--loss', 'cross-entropy', ...flags, '-o', `${i}.onnx`], { cwd: folder }).code).toBe(0)
      const session = await InferenceSession.create(join(folder, `${i}.onnx`))
      runs.push(await session.run({ image, target }))
      await session.release()
    }
    const [first, second, together, low] = runs.map((outputs) => new Map(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as Float32Array)])))
    expect([...low.keys()]).toEqual([...together.keys()])
    const alone = new Map([...first, ...second])
    expect([...alone.keys()].sort()).toEqual([...together.keys()].sort())
    for (const other of [alone, low]) for (const [name, data] of other) data.forEach((value, i) => expect(Math.abs(value - together.get(name)![i]), name).toBeLessThan(1e-6))
  })

  test('an earlier file stays when the new one cannot be made', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'g.onnx'), 'precious')
    expect(probity(['gradient', join(MODELS, 'hmda-forest.onnx'), '-o', 'g.onnx'], { cwd: folder }).code).toBe(2)
    expect(readFileSync(join(folder, 'g.onnx'), 'utf8')).toBe('precious')
    expect(existsSync(join(folder, 'g.onnx.data'))).toBe(false)
  })
})
