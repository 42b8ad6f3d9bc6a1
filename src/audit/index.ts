export { runAudit, type AuditEnvironment } from './audit.js'
export { exitCode } from './verdict.js'
