/** @file Gradients and objective values of one model. */
import type { Capability } from '../../contracts/model.js'
import type { Objective } from '../../contracts/objective.js'
import type { Tensor } from '../../contracts/tensor.js'
import type { CheckedFeeds } from '../feeds.js'

export interface Gradients {
  readonly capability: Capability
  evaluate(feeds: CheckedFeeds, objective: Objective): Promise<Tensor>
  gradient(feeds: CheckedFeeds, objective: Objective, withRespectTo?: readonly string[]): Promise<Iterable<readonly [string, Tensor]>>
  release(): Promise<void>
}
