/** @file Tells what a file is that is not an ONNX model, and what to do with it. */
import { ProbityError } from '../../contracts/errors.js'

const CONVERT = {
  pickle: 'Loading a pickle runs whatever code it holds, so Probity never does. Convert the model to ONNX where it was trained, with skl2onnx for scikit-learn or torch.onnx.export for PyTorch',
  pytorch: 'PyTorch files hold pickled code. Export the model with torch.onnx.export(model, example, "model.onnx")',
  keras: 'Keras files may hold Lambda layers, which are code. Export the model with model.export("model.onnx", format="onnx") or tf2onnx',
}

const NAMES: readonly (readonly [extensions: readonly string[], what: string, advice: string])[] = [
  [['.pkl', '.pickle', '.joblib', '.dill', '.pkl.gz', '.pkl.bz2', '.pkl.xz'], 'a Python pickle', CONVERT.pickle],
  [['.pt', '.pth', '.ckpt'], 'a PyTorch file', CONVERT.pytorch],
  [['.h5', '.hdf5', '.keras'], 'a Keras file', CONVERT.keras],
]

/**
 * Refuses names of formats that can run code when they are loaded, whatever the file contains.
 *
 * @throws ProbityError `preflight/format`
 */
export function refuseByName(path: string): void {
  const lower = path.toLowerCase()
  for (const [extensions, what, advice] of NAMES) {
    const extension = extensions.find((ending) => lower.endsWith(ending))
    if (extension !== undefined) throw new ProbityError('preflight/format', `${path} is named like ${what} (${extension}), which is refused by name. ${advice}.`)
  }
}

type Signature = readonly [test: (bytes: Uint8Array, head: string) => boolean, what: string, advice: string]

const startsWith = (text: string, at = 0) => (_: Uint8Array, head: string): boolean => head.startsWith(text, at)

const SIGNATURES: readonly Signature[] = [
  [startsWith('version https://git-lfs'), 'a Git LFS pointer', 'Fetch the real file with git lfs pull'],
  [(_, head) => head.startsWith('PK\x03\x04') && /data\.pkl|\/version/.test(head), 'a PyTorch file', CONVERT.pytorch],
  [startsWith('PK\x03\x04'), 'a ZIP archive (PyTorch and Keras files are, too)', 'Unpack it and give the .onnx file, or export the model to ONNX'],
  [(bytes) => bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5, 'a Python pickle', CONVERT.pickle],
  [startsWith('\x89HDF\r\n\x1a\n'), 'an HDF5 file, such as Keras writes', CONVERT.keras],
  [startsWith('GGUF'), 'a GGUF file of llama.cpp', 'Give the ONNX version of the model'],
  [(_, head) => !/^\s*[{[]/.test(head) && (head.startsWith('{"', 8) || head.startsWith('{ ', 8)), 'a safetensors file, which holds weights without a graph', 'Export the model with its graph to ONNX'],
  [startsWith('TFL3', 4), 'a TensorFlow Lite model', 'Convert the model with tf2onnx --tflite'],
  [startsWith('ORTM', 4), 'an .ort file', 'Give the .onnx file that it was made from'],
  [startsWith('\x1f\x8b'), 'a gzip archive', 'Unpack it and give the .onnx file'],
  [startsWith('\x93NUMPY'), 'a NumPy array', 'Give the model, not its weights or data'],
  [startsWith('PAR1'), 'a Parquet file', 'Give the model; data belongs to data.path'],
  [(_, head) => /^\s*<(!doctype|html|\?xml)/i.test(head), 'a web page or XML document', 'If it was downloaded, the address led to a page instead of the file: download the file itself'],
  [(_, head) => /^\s*[{[]/.test(head) && isText(head), 'a JSON document', 'Give the .onnx file'],
  [(_, head) => isText(head), 'a text file', 'Give the .onnx file'],
]

const isText = (head: string): boolean => /^[\t\n\r\x20-\x7e]{8,}$/.test(head)

/**
 * @param expected what the file should be: an ONNX model, or the JSON of one of TensorFlow.js
 * @throws ProbityError `preflight/format` when the first bytes are another format's
 */
export function refuseByContent(bytes: Uint8Array, expected: 'onnx' | 'json' = 'onnx'): void {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1')
  for (const [test, what, advice] of SIGNATURES) {
    if (!test(bytes, head) || (expected === 'json' && /^\s*[{[]/.test(head))) continue
    throw new ProbityError('preflight/format', `The file is ${what}, not ${expected === 'onnx' ? 'an ONNX model' : 'the model.json of a TensorFlow.js model'}. ${advice}.`)
  }
}
