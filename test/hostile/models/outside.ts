/** @file Models that point to data outside of their file. */
import { file, graph, node, outside } from './onnx-files.js'

export const pointing = (entries: Parameters<typeof outside>[2], dims: readonly number[] = [2]): Uint8Array => file(graph([node('Add', ['x', 'w'], 'y')], { initializer: [outside('w', dims, entries)] }))

const HIDDEN = [['location', 'w.bin'], ['offset', '0']] as const
/** Refused by what the file says, whatever lies on the disk. */
export const OUTSIDE: Readonly<Record<string, readonly [make: () => Uint8Array, says: RegExp]>> = {
  'an address in the runtime\'s memory': [() => pointing({ location: '*/_ORT_MEM_ADDR_/*', offset: '4096', length: '8' }), /names an address in memory in place of a file/],
  'weights in the layout of one processor': [() => pointing([...HIDDEN, ['prepacked_0', 'kernel|0;8;0|8']]), /has an entry "prepacked_0", which ONNX does not define/],
  'an attribute of a reader': [() => pointing([...HIDDEN, ['__class__', 'x']]), /has an entry "__class__"/],
  'a location twice': [() => pointing([...HIDDEN, ['location', '../secret']]), /gives its location twice/],
  'a negative offset': [() => pointing({ location: 'w.bin', offset: '-8' }), /external offset "-8" is not a whole number/],
  'an offset beyond 2^53': [() => pointing({ location: 'w.bin', offset: '99999999999999999999' }), /is not a whole number/],
  'a length in hexadecimal': [() => pointing({ location: 'w.bin', length: '0x8' }), /external length "0x8" is not a whole number/],
  'no location': [() => pointing({ offset: '0' }), /without naming a file/],
  'text outside': [() => file(graph([node('Add', ['x', 'w'], 'y')], { initializer: [{ ...outside('w', [2], { location: 'w.bin' }), dataType: 8 }] })), /holds strings and points to external data/],
  'a location of five kilobytes': [() => pointing({ location: 'a/'.repeat(2500) }), /the limit maxNameBytes/],
  'a constant in a node': [() => file(graph([node('Constant', [], 'w', { value: outside('', [2], [['location', 'w.bin'], ['prepacked', 'x']]) }), node('Add', ['x', 'w'], 'y')])), /has an entry "prepacked"/],
}

/** Decided where files are staged: what the location may be. */
export const LOCATIONS: readonly (readonly [what: string, location: string])[] = [
  ['climbs', '../secret.bin'], ['climbs in the middle', 'a/../../secret.bin'], ['is absolute', '/etc/passwd'], ['is a Windows path', 'C:\\secret.bin'], ['climbs with backslashes', '..\\secret.bin'],
  ['is an address', 'https://example.org/w.bin'], ['is a file address', 'file:///etc/passwd'], ['has a NUL', 'w.bin\0.txt'], ['is empty', ''], ['is the folder', '.'], ['ends in a slash', 'a/'], ['is the model itself', 'model.onnx'],
]

