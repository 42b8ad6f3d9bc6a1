export { configSchema } from './schema.js'
export { findConfig, loadConfig, withAbsolutePaths, type LoadedConfig } from './load-config.js'
export { validateConfig } from './validate-config.js'
