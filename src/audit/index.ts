export { runAudit, type AuditEnvironment } from './audit.js'
export { checkAudits } from './checks.js'
export { exitCode } from './verdict.js'
