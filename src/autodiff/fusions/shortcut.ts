/** @file Gradients of several nodes at once. */
import type { Emitter } from '../emitter.js'

/** From a value straight back to the one it was made of, past the nodes between, whose own gradients take more work. */
export type Shortcut = {
  readonly input: string
  /**
   * The gradient of `input`, given that of the value; `gradientOf` gives those of values that come later in the graph.
   * What it emits has rules, so that it can be differentiated again.
   */
  readonly gradient: (e: Emitter, dy: string, gradientOf: (name: string) => string | null) => string
}

/** By the value that they start from. */
export type Shortcuts = ReadonlyMap<string, Shortcut>
