/** @file What optimizers and exporters of ONNX Runtime leave in a graph, in operators of ai.onnx. */
import { activation } from './activation.js'
import { attentions } from './attention.js'
import { normalization } from './normalization.js'
import { products } from './products.js'
import { quantized } from './quantized.js'

export { simplified } from './normalization.js'

export const microsoft = { ...activation, ...products, ...normalization, ...attentions, ...quantized }
