/** @file Every shape rule, by operator domain and name. */
import { algebra } from './algebra.js'
import { attention } from './attention.js'
import { constants } from './constants.js'
import { elementwise } from './elementwise.js'
import { images } from './images.js'
import { indexing } from './indexing.js'
import type { Rule } from './known.js'
import { layout } from './layout.js'
import { linear } from './linear.js'
import { losses } from './losses.js'
import { microsoft, simplifiedNormalization } from './microsoft.js'
import { ml } from './ml.js'
import { reduction } from './reduction.js'
import { sequence } from './sequence.js'
import { signal } from './signal.js'
import { stateful } from './stateful.js'

const RULES: ReadonlyMap<string, ReadonlyMap<string, Rule>> = new Map([
  ['', new Map(Object.entries({ ...elementwise, ...attention, ...simplifiedNormalization, ...algebra, ...losses, ...linear, ...layout, ...indexing, ...images, ...reduction, ...constants, ...sequence, ...signal, ...stateful }))],
  ['ai.onnx.ml', new Map(Object.entries(ml))],
  ['com.microsoft', new Map(Object.entries({ ...microsoft, ...stateful }))],
])

export const shapeRuleOf = (domain: string, opType: string): Rule | undefined => RULES.get(domain)?.get(opType)
