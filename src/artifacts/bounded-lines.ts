/** @file Lines from a stream that nobody promises will ever end one. */
import type { Readable } from 'node:stream'

/** Calls `onLine` for each line without its line break, or `onOverflow` once, when a line grows past `limitBytes`. */
export function readLines(stream: Readable, limitBytes: number, onLine: (line: string) => void, onOverflow: () => void): void {
  let held: Buffer = Buffer.alloc(0)
  let overflowed = false
  stream.on('data', (chunk: Buffer) => {
    if (overflowed) return
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    for (let end = held.indexOf(0x0a); end >= 0; end = held.indexOf(0x0a)) {
      const line = held.toString('utf8', 0, end)
      held = held.subarray(end + 1)
      onLine(line)
    }
    if (held.length > limitBytes) {
      overflowed = true
      held = Buffer.alloc(0)
      onOverflow()
    }
  })
}
