/** @file Why one layer cannot be converted. Conversion goes on behind it, so that one error can name every such layer. */

/** `shape`: the reason lies in what comes in, which is a guess behind a layer that was refused. */
export class Refusal extends Error {
  override readonly name = 'Refusal'

  constructor(reason: string, readonly about: 'layer' | 'shape' = 'layer') {
    super(reason)
  }
}
