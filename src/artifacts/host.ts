/** @file What of this machine may change the last bits of a result. */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { KeyParts } from './key.js'

/** Instruction sets by which math libraries choose their kernels. */
const DECISIVE = ['sse4_2', 'avx', 'avx2', 'fma', 'avx512f', 'avx512bw', 'avx512_vnni', 'avx512_bf16', 'avx_vnni', 'amx_tile', 'amx_int8', 'amx_bf16', 'asimd', 'asimddp', 'asimdhp', 'i8mm', 'bf16', 'sve', 'sve2']

export const hostClass = (): KeyParts['host'] => ({ os: process.platform, arch: process.arch, cpu: cpuClass(), node: process.versions.node.split('.')[0]! })

/** The instruction sets on Linux; elsewhere the model's name, which is finer than needed but never wrong. */
export function cpuClass(): string {
  try {
    const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(/\s+/))
    const found = DECISIVE.filter((flag) => flags.has(flag))
    if (found.length > 0) return found.join(' ')
  } catch {
    // No /proc: not Linux.
  }
  return cpus()[0]?.model.trim() ?? 'unknown'
}
