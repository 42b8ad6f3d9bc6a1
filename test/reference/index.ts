export { interpret, interpretable, type InterpretOptions } from './interpret.js'
export { fromTensor, refTensor, toTensor, type RefTensor } from './tensor.js'
