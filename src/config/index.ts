export { configSchema } from './schema.js'
export { findConfig, loadConfig, withAbsolutePaths, type LoadedConfig } from './load-config.js'
export { nearest, validateConfig } from './validate-config.js'
