/** @file Plans, gathers and combines an artifact in this process: what audits do with children, without them. */
import type { ArtifactGatherer, JobPlan, Part, PlanContext } from '../../../src/artifacts/kind.js'
import { predictionsGatherer } from '../../../src/artifacts/kinds/predictions.js'
import { decodePart, encodePart } from '../../../src/artifacts/part-codec.js'
import type { ArtifactKind, ArtifactKinds, ArtifactRequests, Predictions } from '../../../src/contracts/artifact.js'
import type { DataConfig } from '../../../src/contracts/config.js'
import type { DatasetView, InputPlan } from '../../../src/contracts/dataset.js'
import type { Model, ModelSummary } from '../../../src/contracts/model.js'
import { buildView, readTable } from '../../../src/data/index.js'
import { loadModel } from '../../../src/engine/index.js'

export type Setting = { readonly model: Model; readonly context: PlanContext; readonly predictions: Predictions }

export const planContext = (model: Model, view: DatasetView, inputs: readonly InputPlan[], more: Partial<PlanContext> = {}): PlanContext =>
  ({ view, inputs, model: { ...model, capabilities: model.capabilities, prediction: model.prediction, rowIndependent: true } as unknown as ModelSummary, blockRows: 1024, decision: { threshold: null }, seed: 0, ...more })

async function run(gatherer: ArtifactGatherer<ArtifactKind>, plan: JobPlan, dependencies: object, { model, context }: Omit<Setting, 'predictions'>): Promise<unknown> {
  const parts: Part[] = []
  for (let from = 0; from < plan.rows.length; from += plan.blockRows) {
    const { view, inputs, seed } = context
    // Through the codec, and `concrete` through JSON, as between processes.
    parts.push(decodePart(encodePart(await gatherer.gather(plan.rows.slice(from, from + plan.blockRows), JSON.parse(JSON.stringify(plan.concrete)), { model, view, inputs, seed }))))
  }
  return gatherer.combine(parts, plan, dependencies as never, context)
}

/** The fixture model on the fixture's rows, with its predictions. */
export async function openFixture(name: string, data: Omit<DataConfig, 'path'>, file = 'hmda-test.csv', threshold: number | null = null): Promise<Setting> {
  const model = await loadModel(`test/fixtures/models/${name}.onnx`)
  const { view, inputs } = buildView(await readTable(`test/fixtures/data/${file}`), { path: file, ...data }, { inputs: model.inputs, mapping: undefined }, 0)
  return withPredictions(model, planContext(model, view, inputs, { decision: { threshold } }))
}

export async function withPredictions(model: Model, context: PlanContext): Promise<Setting> {
  const plan = predictionsGatherer.plan({}, {}, context)
  if (!('concrete' in plan)) throw new Error(JSON.stringify(plan))
  return { model, context, predictions: (await run(predictionsGatherer, plan, {}, { model, context })) as Predictions }
}

/** The artifact's value; `blockRows` replaces the plan's own. */
export async function gatherHere<K extends ArtifactKind, R extends ArtifactRequests>(
  gatherer: ArtifactGatherer<K, R>, parameters: ArtifactKinds[K]['parameters'], setting: Setting, blockRows?: number,
): Promise<ArtifactKinds[K]['value']> {
  const plan = gatherer.plan(parameters, { predictions: setting.predictions } as never, setting.context)
  if (!('concrete' in plan)) throw new Error('unavailable' in plan ? plan.unavailable : 'a plan was expected')
  return (await run(gatherer as unknown as ArtifactGatherer<ArtifactKind>, blockRows === undefined ? plan : { ...plan, blockRows }, { predictions: setting.predictions }, setting)) as ArtifactKinds[K]['value']
}
