/** @file The lowerings, one table per operator domain. */
import type { Node } from '../../graph/ir.js'
import { deformable } from './deform-conv.js'
import { gridSampling } from './grid-sample.js'
import { flexible } from './flex-attention.js'
import { images } from './images.js'
import { attention } from './attention.js'
import type { Lowering } from './lowering.js'
import { losses } from './losses.js'
import { microsoft, simplified } from './microsoft/index.js'
import { normalization } from './normalization.js'
import { pointwise } from './pointwise.js'
import { microsoftQuantized, quantizedOperators } from './quantized.js'
import { recurrent } from './recurrent.js'
import { scans } from './scan.js'
import { scikitLearn } from './scikit-learn.js'
import { sequences } from './sequences.js'
import { signals } from './signal.js'
import { specFunctions } from './spec-functions.js'
import { stateful, statefulOfMicrosoft } from './stateful.js'

const DOMAINS: ReadonlyMap<string, ReadonlyMap<string, Lowering>> = new Map([
  ['', new Map<string, Lowering>(Object.entries({
    ...normalization,
    ...pointwise,
    ...losses,
    ...attention,
    ...simplified,
    ...images,
    ...gridSampling,
    ...deformable,
    ...specFunctions,
    ...quantizedOperators,
    ...sequences,
    ...recurrent,
    ...signals,
    ...stateful,
    ...scans,
  }))],
  ['com.microsoft', new Map<string, Lowering>(Object.entries({ ...microsoft, ...microsoftQuantized, ...statefulOfMicrosoft }))],
  ['ai.onnx.preview', new Map<string, Lowering>(Object.entries(flexible))],
  ['ai.onnx.ml', new Map<string, Lowering>(Object.entries(scikitLearn))],
])

/** null where the node is differentiated as it is, or not at all. */
export const loweringFor = (node: Node): Lowering | null => DOMAINS.get(node.domain === 'ai.onnx' ? '' : node.domain)?.get(node.opType) ?? null

/** Operators that have a lowering, with their domain where that is not ai.onnx. */
export const loweredOps: readonly string[] = [...DOMAINS].flatMap(([domain, table]) => [...table.keys()].map((op) => (domain === '' ? op : `${domain}:${op}`)))
