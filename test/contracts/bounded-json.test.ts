import { describe, expect, it } from 'vitest'
import { parseBoundedJson } from '../../src/contracts/bounded-json.js'

describe('parseBoundedJson', () => {
  it.each(['{"a":[1,"]",{"b":"[[[\\"[["}]}', '"[[["', '[]', '3', `${'['.repeat(200)}${']'.repeat(200)}`])('reads what JSON.parse reads: %s', (text) => {
    expect(parseBoundedJson(text)).toEqual(JSON.parse(text))
  })

  it.each([`${'['.repeat(201)}${']'.repeat(201)}`, '{"a":'.repeat(100_000), `[${'"]",['.repeat(300)}`])('refuses depth: %.20s…', (text) => {
    expect(() => parseBoundedJson(text)).toThrow('nest more than 200 deep')
  })

  it.each(['"', '"\\', '[', ']', '', '{"a"'])('leaves faults to JSON.parse: %s', (text) => {
    expect(() => parseBoundedJson(text)).toThrow(SyntaxError)
  })
})
