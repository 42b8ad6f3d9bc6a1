/** @file Writes small graphs by hand. */
import type { Dim } from '../../src/contracts/model.js'
import type { DType } from '../../src/contracts/tensor.js'
import { GraphBuilder, type Graph } from '../../src/graph/index.js'
import { toTensor, type RefTensor } from '../reference/index.js'
import type { GraphAndFeeds, Shapes } from './operator-case.js'

/** A builder that remembers what it must be fed with. */
export class TestGraph extends GraphBuilder {
  readonly feeds = new Map<string, RefTensor>()

  constructor(private readonly shapes: Shapes, opset = 18) {
    super({ name: 'composed', inputs: [], overridable: [], outputs: [], nodes: [], initializers: new Map(), sparseInitializers: new Map(), valueInfo: new Map(), opsets: new Map([['', opset]]) } satisfies Graph)
  }

  /** An input fed with `tensor`; where shapes are symbolic its sizes are, unless they are stated. */
  feed(name: string, tensor: RefTensor, stated?: readonly Dim[]): string {
    const dims = stated ?? tensor.dims.map((dim, axis) => (this.shapes === 'static' ? dim : `${name}_${axis}`))
    this.feeds.set(name, tensor)
    return this.input({ name, type: { kind: 'tensor', dtype: tensor.dtype, dims } })
  }

  /** A weight: an initializer. */
  weight(tensor: RefTensor): string {
    return this.initializer(toTensor(tensor), 'weight')
  }

  /** The graph with one output, whose type is not stated. */
  finish(output: string): GraphAndFeeds {
    this.output({ name: output, type: null })
    return { graph: this.build(), feeds: this.feeds }
  }

  /** The graph with one output of the type given. */
  finishAs(output: string, dtype: DType, dims: readonly Dim[]): GraphAndFeeds {
    this.output({ name: output, type: { kind: 'tensor', dtype, dims } })
    return { graph: this.build(), feeds: this.feeds }
  }
}
