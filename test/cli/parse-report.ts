import { readFileSync } from 'node:fs'
import type { Report } from '../../src/contracts/report.js'

export const parseReport = (path: string): Report => JSON.parse(readFileSync(`test/${path}`, 'utf8')) as Report
