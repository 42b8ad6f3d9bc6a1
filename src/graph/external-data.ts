/** @file Tensors whose bytes lie in files beside the model. The location comes from an untrusted file, and is treated so. */
import { constants } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { messageOf, ProbityError } from '../contracts/errors.js'
import type { DType } from '../contracts/tensor.js'
import { byteLength, sizeOf } from '../tensor/dtypes.js'
import { viewRaw } from './codec/read-tensor.js'
import type { Initializer, OnnxModel } from './ir.js'
import { externalTensors, mapTensors } from './tensors.js'

type External = Extract<Initializer, { external: unknown }>

export type ExternalDataOptions = {
  /** Folders besides the model's own that links may lead to, such as a download cache. */
  readonly allowedRoots?: readonly string[]
  /** Tensors of more bytes are checked but stay outside: runtimes map weights from the file, and reading a model takes no memory for them. */
  readonly upToBytes?: number
}

/** Files that tensors of the model point to, as it names them. */
export const externalLocations = (model: OnnxModel): string[] => [...new Set(externalTensors(model).map(({ external }) => external.location))].sort()

/**
 * Reads the bytes of every external tensor, in initializers, attributes, subgraphs and functions.
 *
 * Symbolic links are followed as long as their real path stays in the model's folder or an allowed one. A hard link has no real path to
 * check, so a file with several names is read only from a folder that `allowedRoots` names.
 *
 * @param folder the model's folder, which locations are relative to
 * @throws ProbityError `graph/external-data` when a location is absolute or climbs with `..`, a link leads out, or sizes disagree
 */
export async function readExternalData(model: OnnxModel, folder: string, { allowedRoots = [], upToBytes = Infinity }: ExternalDataOptions = {}): Promise<OnnxModel> {
  const read = new Map<Initializer, Initializer>()
  const tensors = externalTensors(model)
  for (const location of externalLocations(model)) {
    const file = await openInside(location, folder, allowedRoots)
    try {
      for (const tensor of tensors.filter(({ external }) => external.location === location)) {
        const bytes = await checkedSize(tensor, file)
        if (bytes <= upToBytes) read.set(tensor, await readOne(tensor, bytes, file))
      }
    } finally {
      await file.close()
    }
  }
  return read.size === 0 ? model : mapTensors(model, (tensor) => read.get(tensor) ?? tensor)
}

const refuse = (location: string, why: string, cause?: unknown): never => {
  throw new ProbityError('graph/external-data', `External data "${location}" ${why}.`, { cause })
}

/** Opens a file of external data, after checking that it lies in the folder. */
export async function openInside(location: string, folder: string, allowedRoots: readonly string[]): Promise<FileHandle> {
  // Windows separators and drives are refused everywhere, so that a model means the same on every system.
  if (location === '' || location.startsWith('/') || /[\\:\0]/.test(location) || location.split('/').includes('..')) {
    refuse(location, 'is no path within the model\'s folder. Save the model again with its data beside it')
  }
  const path = await realpath(join(folder, location)).catch((error: unknown) => refuse(location, `cannot be found (${messageOf(error)}). Put it beside the model`, error))
  const vouched = await within(path, allowedRoots)
  if (!vouched && !(await within(path, [folder]))) refuse(location, 'is a link that leads out of the model\'s folder. Copy the file there, or allow the folder that it leads to')
  // The path was resolved: a link that appears there in the meantime is not followed. Without O_NONBLOCK a named pipe would wait for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => refuse(location, `cannot be read (${messageOf(error)})`, error))
  const stats = await file.stat()
  if (stats.isFile() && (vouched || stats.nlink === 1)) return file
  await file.close()
  return refuse(location, stats.isFile() ? 'is a hard link, which may be any file of this disk. Copy the file instead, or allow its folder' : 'is not a regular file')
}

async function within(path: string, roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    const real = await realpath(root).catch(() => null)
    if (real !== null && path.startsWith(real.endsWith(sep) ? real : real + sep)) return true
  }
  return false
}

/** Bytes of the tensor, which the file is known to hold. */
async function checkedSize({ external, dims, dtype }: External, file: FileHandle): Promise<number> {
  const { location, offset, length } = external
  if (dtype === 'string') return refuse(location, 'is said to hold strings, which ONNX does not allow')
  const expected = byteLength(dtype, sizeOf(dims))
  const shape = `a ${dtype} tensor of shape [${dims.join(', ')}], which takes ${expected} bytes`
  if (length !== null && length !== expected) refuse(location, `gives ${length} bytes to ${shape}. Save the model again`)
  const { size } = await file.stat()
  if (offset + expected > size) refuse(location, `has ${size} bytes and should hold, from byte ${offset}, ${shape}. The file was cut, or belongs to another model`)
  return expected
}

async function readOne({ external: { location, offset }, dims, dtype }: External, expected: number, file: FileHandle): Promise<Initializer> {
  const bytes = new Uint8Array(expected)
  for (let done = 0; done < expected;) {
    const { bytesRead } = await file.read(bytes, done, Math.min(expected - done, 2 ** 30), offset + done)
    if (bytesRead === 0) refuse(location, 'became shorter while it was read')
    done += bytesRead
  }
  return { data: viewRaw(bytes, dtype as Exclude<DType, 'string'>, dims, `External data "${location}"`), dims, dtype }
}
