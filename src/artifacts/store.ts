/** @file The store: parts by content-derived name, verified on every read. */

export type Store = {
  /** False when parts are kept for this run only. */
  readonly persistent: boolean
  /** The verified part of that name, or null. A damaged or foreign entry is null with a warning. */
  get(key: string): Promise<Uint8Array | null>
  put(key: string, content: Uint8Array): Promise<void>
}
