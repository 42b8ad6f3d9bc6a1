/** @file Entry of the child process: its kinds of artifacts and the plugins' ones, then the loop. */
import { gatherers } from '../artifacts/kinds/index.js'
import { createHandler } from './handlers.js'
import { loadGatherers } from './plugin-gatherers.js'
import { readArguments, serve } from './serve.js'

const options = readArguments()
await serve(options, async () => createHandler([...gatherers, ...(await loadGatherers(options.plugins))], options.maxMemoryMb * 2 ** 20))
