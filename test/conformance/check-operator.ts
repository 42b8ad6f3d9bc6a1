/** @file The property of one operator that every test of operators checks. */
import { attentions } from './cases/attention.js'
import { activation } from './cases/activation.js'
import { algebra } from './cases/algebra.js'
import { convolutions } from './cases/convolution.js'
import { elementwise } from './cases/elementwise.js'
import { further } from './cases/further.js'
import { images, imagesMixedUp } from './cases/images.js'
import { linear } from './cases/linear.js'
import { losses } from './cases/losses.js'
import { normalization } from './cases/normalization.js'
import { pooling } from './cases/pooling.js'
import { resizeCases } from './cases/resize.js'
import { selection } from './cases/selection.js'
import { regions, sampling } from './cases/sampling.js'
import { shaping } from './cases/shaping.js'
import { signals } from './cases/signal.js'
import { stateful } from './cases/stateful.js'
import { checkGradient } from './check-gradient.js'
import { forwardGraph, randomWeights, withObjective, type CaseMaker, type CaseTable, type Shapes } from './operator-case.js'
import { forAll } from './properties.js'

/** Every differentiable operator, by what is special about the case. */
export const cases: CaseTable = { ...activation, ...algebra, ...losses, ...elementwise, ...linear, ...pooling, ...shaping, ...selection, ...further, ...normalization, ...attentions, ...convolutions, ...images, ...imagesMixedUp, ...sampling, ...regions, ...resizeCases, ...signals, ...stateful }

/** Draws `runs` cases and checks the gradients of all their float inputs. */
export const checkOperator = (make: CaseMaker, shapes: Shapes, runs: number): Promise<void> =>
  forAll(async (random) => {
    const one = make(random)
    const { graph, feeds } = withObjective(forwardGraph(one, shapes), randomWeights(random), shapes)
    const wanted = one.inputs.flatMap((given, i) => (given === null || given.constant || !given.tensor.dtype.startsWith('float') ? [] : [`x${i}`]))
    await checkGradient(graph, feeds, 'objective', wanted)
  }, runs)
