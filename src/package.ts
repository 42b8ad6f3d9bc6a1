/** @file Where this package's own files are, the same from sources and from dist. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const resolve = (name: string) => createRequire(import.meta.url).resolve(name)

export const version: string = (JSON.parse(readFileSync(resolve('#package'), 'utf8')) as { version: string }).version

/** The child process's entry: always compiled, since Node 20 cannot run TypeScript. */
export const workerUrl = (): URL => pathToFileURL(resolve('#worker'))
