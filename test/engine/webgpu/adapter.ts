/** @file Whether this machine has a WebGPU adapter, software ones included: tests without one are skipped by name. */
import { existsSync } from 'node:fs'
import { probe } from '../../../src/engine/probe.js'

/** Where Debian's Chromium and Playwright's keep the driver of SwiftShader. */
const SOFTWARE_DRIVERS = ['/usr/lib/chromium/vk_swiftshader_icd.json']

/** Set before any driver is loaded, here and in child processes; a driver that is already named stays. */
if (process.env['VK_ICD_FILENAMES'] === undefined && process.env['VK_DRIVER_FILES'] === undefined) {
  const driver = SOFTWARE_DRIVERS.find((path) => existsSync(path))
  if (driver !== undefined) process.env['VK_ICD_FILENAMES'] = driver
}

/** Null where there is one, else the sentence that the skipped tests carry. */
export const missing: string | null = (await probe('onnxruntime', 'webgpu')).reason
