/** @file Operators of com.microsoft that have no gradient, and what to do instead. */

export const REFUSED_MICROSOFT_OPS: ReadonlyMap<string, string> = new Map([
  ['PackedAttention', 'packed sequences are made for GPUs. Export the model with padded sequences, which Attention takes.'],
  ['PackedMultiHeadAttention', 'packed sequences are made for GPUs. Export the model with padded sequences, which MultiHeadAttention takes.'],
  ['NhwcConv', 'ONNX Runtime moves channels to the end for itself. Use the model as it was exported, before the optimizer changed its layout.'],
  ['GatherBlockQuantized', 'its table of whole numbers has no gradient. Ask for gradients behind the embedding, or use a model whose embedding is not quantised.'],
])
