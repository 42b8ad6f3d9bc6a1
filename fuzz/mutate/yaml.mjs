/** @file YAML by structure: a JSON tree in block and flow style, with what only YAML has: anchors, aliases, tags, merge keys, several documents. */
import { NAMES } from '../tokens.mjs'
import { encode as flow } from './json.mjs'

const TAGS = ['!!js/function', '!!js/undefined', '!!js/regexp', '!!python/object/apply:os.system', '!!binary', '!!set', '!!omap', '!!map', '!!seq', '!!str', '!!int', '!!float', '!!null', '!!merge', '!!timestamp', '!local', '!<tag:yaml.org,2002:js/function>']
const LINES = [
  '<<: *a0', '<<: [*a0, *a1]', '<<: &m { <<: *m }', '__proto__: { polluted: 1 }', '"__proto__": &a0 {}', 'constructor: *a1', '? [a, b] : c', '? { a: 1 }\n: 2', '- x', '---', '...', '%YAML 1.1', '%YAML 9.9', '%TAG ! tag:x,2000:',
  '&a0 a: &a1 b', '*a0 : 1', 'x: *undefined', 'x: &a0 [*a0]', 'x: &a0 { y: *a0 }', 'x: |\n  text', 'x: >-9', "x: '", 'x: "', 'x: [', 'x: {', '\t', '\tx: 1', 'x: @y', 'x: `y`', 'x: %y', '- - - - -', ': ', '? ', 'x: !!binary "####"', 'x: 0o17', 'x: 1_000', 'x: .inf', 'x: .nan', 'x: ~', 'x: 2001-01-01', 'x: 12:30:45',
  `a: &a [${'x,'.repeat(9)}x]\nb: &b [${'*a,'.repeat(9)}*a]\nc: &c [${'*b,'.repeat(9)}*b]\nd: &d [${'*c,'.repeat(9)}*c]\ne: &e [${'*d,'.repeat(9)}*d]\nf: [${'*e,'.repeat(9)}*e]`,
]

export function writeYaml(tree, choice) {
  const { pick, one, chance } = choice
  const lines = block(tree, 0, choice).join('\n').split('\n')
  for (let edits = chance(0.6) ? 1 + pick(3) : 0; edits > 0; edits--) {
    const at = pick(lines.length + 1)
    const indent = ' '.repeat(2 * pick(4))
    const change = pick(6)
    if (change < 3) lines.splice(at, 0, ...one(LINES).split('\n').map((line) => indent + line))
    else if (change === 3) lines.splice(at, 1)
    else if (change === 4) lines.splice(at, 0, one(lines))
    else if (lines[at] !== undefined) lines[at] = `${indent}${lines[at].trimStart()}${one(['', ' #', ' # x', ':', ' ,', ' *a0', ' &a0'])}`
  }
  return `${chance(0.02) ? '\ufeff' : ''}${lines.join(chance(0.95) ? '\n' : one(['\r\n', '\r', '\n\n']))}\n`
}

const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/

function block(tree, depth, choice) {
  const { pick, one, chance } = choice
  const mark = () => (chance(0.02) ? `&a${pick(3)} ` : chance(0.02) ? `${one(TAGS)} ` : '')
  if (chance(0.02)) return [`*a${pick(3)}`]
  if (depth > 40 || chance(0.05) || tree.text !== undefined || tree.nested !== undefined) return [mark() + scalar(flow(tree), chance)]
  const indent = (lines) => lines.map((line) => `  ${line}`)
  if (tree.items) return tree.items.length === 0 ? ['[]'] : tree.items.flatMap((item) => [`- ${mark()}`.trimEnd(), ...indent(block(item, depth + 1, choice))])
  if (tree.entries.length === 0) return ['{}']
  return tree.entries.flatMap(([key, value]) => [`${PLAIN.test(key) ? key : JSON.stringify(chance(0.01) ? one(NAMES) : key)}: ${mark()}`.trimEnd(), ...indent(block(value, depth + 1, choice))])
}

const scalar = (text, chance) => (text.startsWith('"') && PLAIN.test(text.slice(1, -1)) && chance(0.8) ? text.slice(1, -1) : text)
