import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from './lock-file.js'

type Step = { readonly name?: string; readonly uses?: string; readonly run?: string; readonly with?: Record<string, unknown>; readonly env?: Record<string, string> }
type Job = { readonly permissions?: Record<string, string>; readonly environment?: string; readonly needs?: string | string[]; readonly steps: readonly Step[] }
type Workflow = { readonly on: Record<string, unknown>; readonly permissions: Record<string, string>; readonly jobs: Record<string, Job> }

const FOLDER = join(ROOT, '.github/workflows')
const files = readdirSync(FOLDER).filter((name) => /\.ya?ml$/.test(name))
const textOf = (file: string): string => readFileSync(join(FOLDER, file), 'utf8')
const workflowOf = (file: string): Workflow => parse(textOf(file), { uniqueKeys: true }) as Workflow
const stepsOf = ({ jobs }: Workflow): readonly Step[] => Object.values(jobs).flatMap(({ steps }) => steps)

/** The part of GitHub's workflow syntax that is used here: a misspelt key is refused there only when it runs. */
const texts = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } }
const permissions = { type: 'object', additionalProperties: false, properties: { contents: { enum: ['read', 'write'] }, 'id-token': { enum: ['write'] } } }
const isWorkflow = new Ajv({ allowUnionTypes: true }).compile({
  type: 'object',
  additionalProperties: false,
  required: ['name', 'on', 'permissions', 'jobs'],
  properties: {
    name: { type: 'string' },
    on: { type: 'object', additionalProperties: false, properties: { push: { type: 'object' }, pull_request: { type: 'null' }, release: { type: 'object' } } },
    permissions,
    concurrency: { type: 'object', additionalProperties: false, required: ['group'], properties: { group: { type: 'string' }, 'cancel-in-progress': { type: 'boolean' } } },
    jobs: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['runs-on', 'timeout-minutes', 'steps'],
        properties: {
          name: { type: 'string' },
          'runs-on': { type: 'string', pattern: '^ubuntu-\\d' },
          'timeout-minutes': { type: 'integer' },
          needs: { type: 'string' },
          environment: { type: 'string' },
          permissions,
          strategy: { type: 'object', additionalProperties: false, properties: { 'fail-fast': { type: 'boolean' }, matrix: { type: 'object' } } },
          steps: {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              additionalProperties: false,
              properties: { name: { type: 'string' }, uses: { type: 'string' }, run: { type: 'string' }, with: texts, env: texts },
              oneOf: [{ required: ['uses'] }, { required: ['run'] }],
            },
          },
        },
      },
    },
  },
})

describe.each(files)('%s', (file) => {
  const workflow = workflowOf(file)

  it('is a workflow, key by key', () => {
    expect(isWorkflow(workflow), JSON.stringify(isWorkflow.errors)).toBe(true)
  })

  it('runs actions of others only at the commit that was looked at, and says which release that is', () => {
    const uses = textOf(file).split('\n').filter((line) => /^\s*(- )?uses:/.test(line))
    expect(uses).toHaveLength(stepsOf(workflow).filter(({ uses: action }) => action !== undefined).length)
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  it('may read, and no more, unless a job says otherwise', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' })
  })

  it('holds no secret and never runs the code of strangers with rights', () => {
    expect(textOf(file)).not.toMatch(/secrets\s*[.[]|NODE_AUTH_TOKEN|NPM_TOKEN/)
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target')
    for (const { uses, with: given } of stepsOf(workflow)) if (uses?.startsWith('actions/checkout@')) expect(given?.['persist-credentials']).toBe(false)
  })

  it('puts nothing that others can write into a command line', () => {
    for (const { run } of stepsOf(workflow)) expect(run ?? '').not.toContain('${{')
  })

  it('installs without the scripts of packages', () => {
    for (const { run } of stepsOf(workflow)) for (const line of (run ?? '').split('\n')) if (/npm (ci|install|i|pack|publish)\b/.test(line)) expect(line).toContain('--ignore-scripts')
  })
})

describe('publishing', () => {
  const { on, jobs } = workflowOf('publish.yml')
  const order = Object.keys(jobs)
  const indexOf = (pattern: RegExp): number => jobs['pack']!.steps.findIndex(({ run }) => pattern.test(run ?? ''))

  it('starts with a release that a person publishes', () => {
    expect(on).toEqual({ release: { types: ['published'] } })
  })

  it('tests before it packs, and packs before it publishes', () => {
    expect(order).toEqual(['pack', 'publish', 'attach'])
    expect([jobs['publish']!.needs, jobs['attach']!.needs]).toEqual(['pack', 'publish'])
    expect(indexOf(/npm ci/)).toBeLessThan(indexOf(/npm test/))
    expect(indexOf(/npm test/)).toBeLessThan(indexOf(/npm pack/))
    expect(indexOf(/npm pack/)).toBeGreaterThan(0)
  })

  it('gives the right to publish to one job, which runs no code of the repository or of its dependencies', () => {
    expect(order.filter((name) => jobs[name]!.permissions?.['id-token'] !== undefined)).toEqual(['publish'])
    const { steps, environment, permissions: rights } = jobs['publish']!
    expect(rights).toEqual({ 'id-token': 'write' })
    expect(environment).toBe('npm')
    expect(steps.some(({ uses }) => uses?.startsWith('actions/checkout@'))).toBe(false)
    expect(steps.map(({ run }) => run).filter((run) => run !== undefined)).toEqual([expect.stringMatching(/^npm publish --provenance /)])
  })

  it('attaches the bill of materials', () => {
    expect(indexOf(/node scripts\/sbom\.mjs release/)).toBeGreaterThan(0)
    expect(jobs['attach']!.steps.at(-1)!.run).toMatch(/gh release upload .* release\/\*/)
  })
})

it('CI runs what CONTRIBUTING.md tells people to run', () => {
  expect(stepsOf(workflowOf('ci.yml')).map(({ run }) => run)).toContain('.ci/run')
})
