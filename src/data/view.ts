/** @file A table and a config as the view that metrics and gatherers read. */
import type { DataConfig } from '../contracts/config.js'
import type { CategoricalColumn, DatasetView, ExcludedRows, InputPlan } from '../contracts/dataset.js'
import { viewArray } from './arrays.js'
import { findingsOf } from './findings.js'
import { planInputs, type ModelInputs } from './inputs.js'
import { readAnswers } from './label.js'
import { buildMatrix, checkArrayRange } from './matrix.js'
import { checkRoles } from './roles.js'
import { selectRows } from './rows.js'
import { readSensitive } from './sensitive.js'
import type { Table } from './table.js'

/**
 * Decides what every column is for, checks it, and encodes the chosen rows.
 *
 * `favorable` stays null where the config does not state it: fairness metrics that depend on the direction must know that it is unknown.
 *
 * @param model the model's inputs and what `model.inputs` says of them; null for an audit of stored predictions
 * @param seed decides which rows `{ sample: n }` takes
 * @throws ProbityError for anything in the config or the file that would make a result wrong, in one line.
 */
export function buildView(table: Table, config: DataConfig, model: ModelInputs | null, seed: number): { view: DatasetView; inputs: InputPlan[] } {
  checkRoles(table, config)
  const rows = selectRows(table.rows, config.rows, seed)
  const answers = readAnswers(table, config, rows)
  const { sensitive, findings: groupFindings } = readSensitive(table, config, rows)
  const { columns, arrays: used, plans } = planInputs(table, config, model)
  const { matrix, complete, excluded } = buildMatrix(table, columns, plans, rows)
  const arrays = used.map((array) => viewArray(array, rows, (row) => `${table.path}, ${table.where(row)}`))
  for (const plan of plans) checkArrayRange(plan, arrays)
  const features = columns.map(({ feature }) => feature)
  const { label, prediction, score, positive, favorable } = answers
  return {
    view: {
      path: config.path, rowsInFile: table.rows, rows: rows.length, columnNames: table.columnNames,
      label, labelMeaning: config.labelMeaning ?? null, positive, favorable, prediction, score, sensitive, features, matrix, arrays, complete,
      excluded: [...excluded, ...missingIn(label, 'label'), ...missingIn(prediction, 'prediction')],
      findings: [...answers.findings, ...findingsOf({ table, config, rows, label, features, matrix, arrays, complete }), ...groupFindings],
    },
    inputs: plans,
  }
}

function missingIn(column: CategoricalColumn | null, role: string): ExcludedRows[] {
  const rows = column?.codes.filter((code) => code < 0).length ?? 0
  return column && rows > 0 ? [{ reason: `missing ${role} in ${column.name}`, rows }] : []
}
