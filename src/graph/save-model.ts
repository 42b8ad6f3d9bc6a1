/** @file Writes a model to disk; weights that do not fit into one message go to a file beside it. */
import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { ProbityError } from '../contracts/errors.js'
import { byteLength, sizeOf } from '../tensor/dtypes.js'
import { writeModel } from './codec/write-model.js'
import { openInside } from './external-data.js'
import { isExternal, type ExternalData, type Initializer, type OnnxModel } from './ir.js'
import { mapTensors } from './tensors.js'

export type SaveOptions = {
  /** Folder that the model's external data lie in, if it has any. */
  readonly sourceFolder?: string
  /** With more bytes of weights than this they go to `<file>.data`; a protobuf message ends at 2 GiB. */
  readonly maxInsideBytes?: number
}

/** Smaller tensors stay in the model file, where readers find shapes and axes. */
const SMALL_BYTES = 1024
/** Pages, so that runtimes can map tensors; the ONNX documentation on external data asks for it. */
const ALIGNMENT = 4096
const CHUNK_BYTES = 2 ** 24

/**
 * Writes `path`, which must not exist, and `<path>.data` when weights are too large for one file or lie outside already.
 *
 * @returns the files written
 * @throws ProbityError `graph/external-data` when external data cannot be read; what the file system says
 */
export async function saveModel(model: OnnxModel, path: string, { sourceFolder, maxInsideBytes = 2 ** 30 }: SaveOptions = {}): Promise<string[]> {
  const tensors = new Set<Initializer>()
  mapTensors(model, (tensor) => {
    tensors.add(tensor)
    return tensor
  })
  const total = [...tensors].reduce((sum, tensor) => sum + bytesOf(tensor), 0)
  if (total <= maxInsideBytes && ![...tensors].some(isExternal)) {
    await writeNew(path, async (file) => void (await file.writeFile(writeModel(model))))
    return [path]
  }
  // Runtimes look outside for initializers only.
  const movable = new Set(model.graph.initializers.values())
  const data = `${path}.data`
  const places = new Map<Initializer, ExternalData>()
  await writeNew(data, async (file) => {
    let end = 0
    for (const tensor of tensors) {
      const length = bytesOf(tensor)
      if (tensor.dtype === 'string' || (!isExternal(tensor) && (length < SMALL_BYTES || !movable.has(tensor)))) continue
      const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT
      await (isExternal(tensor) ? copyTensor(tensor.external, length, sourceFolder, file, offset) : writeTensor(tensor.data, file, offset))
      places.set(tensor, { location: basename(data), offset, length })
      end = offset + length
    }
  })
  const outside = mapTensors(model, (tensor) => {
    const external = places.get(tensor)
    return external === undefined ? tensor : { external, dims: tensor.dims, dtype: tensor.dtype }
  })
  await writeNew(path, async (file) => void (await file.writeFile(writeModel(outside))))
  return [path, data]
}

const bytesOf = ({ dtype, dims }: Initializer): number => (dtype === 'string' ? 0 : byteLength(dtype, sizeOf(dims)))

async function writeNew(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await write(file)
  } finally {
    await file.close()
  }
}

async function writeTensor(data: unknown, file: FileHandle, position: number): Promise<void> {
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView
  await writeAll(new Uint8Array(buffer, byteOffset, byteLength), file, position)
}

async function copyTensor({ location, offset }: ExternalData, length: number, folder: string | undefined, file: FileHandle, position: number): Promise<void> {
  if (folder === undefined) throw new ProbityError('graph/external-data', `The model keeps weights in "${location}", whose folder is not known. Read the model with its data first.`)
  const source = await openInside(location, folder, [])
  try {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, length))
    for (let done = 0; done < length;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, length - done), offset + done)
      if (bytesRead === 0) throw new ProbityError('graph/external-data', `External data "${location}" became shorter while it was read. Run again.`)
      await writeAll(buffer.subarray(0, bytesRead), file, position + done)
      done += bytesRead
    }
  } finally {
    await source.close()
  }
}

async function writeAll(bytes: Uint8Array, file: FileHandle, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, Math.min(bytes.length - done, 2 ** 30), position + done)).bytesWritten
}
