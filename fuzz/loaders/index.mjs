/**
 * @file The loaders by name. Each gives: `mutate(choice)`, the bytes of a case; `open(folder)`, which gives the function that loads them; `limitMs`
 * of processor time for one case; `files` that it may leave in the folder; `spawns` where it starts processes.
 */
export const LOADERS = {
  onnx: async () => (await import('./onnx.mjs')).onnx(),
  tfjs: async () => (await import('./tfjs.mjs')).tfjs(),
  csv: async () => (await import('./tables.mjs')).csv(),
  parquet: async () => (await import('./tables.mjs')).parquet(),
  jsonl: async () => (await import('./tables.mjs')).jsonl(),
  yaml: async () => (await import('./configs.mjs')).yaml(),
  json: async () => (await import('./configs.mjs')).json(),
  report: async () => (await import('./configs.mjs')).report(),
}
