/** @file Where a user's caches and settings live on each system. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** XDG base directories, ~/Library on macOS, %LOCALAPPDATA% on Windows. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'probity')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'probity')
  if (process.platform === 'win32') return join(environment.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'probity', 'cache')
  return join(homedir(), '.cache', 'probity')
}

export function configFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.XDG_CONFIG_HOME) return join(environment.XDG_CONFIG_HOME, 'probity')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'probity')
  if (process.platform === 'win32') return join(environment.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'probity', 'config')
  return join(homedir(), '.config', 'probity')
}
