/** @file Shape rules of ai.onnx.ml: what scikit-learn and boosting libraries export. */
import type { Dim } from '../../contracts/model.js'
import { intAttribute, intsAttribute, type Node } from '../ir.js'
import { multiply, sum } from './dims.js'
import { known, UNKNOWN, type Application, type Rule } from './known.js'

/** Rows of a feature matrix; a vector is one row. */
const rowsOf = ({ input }: Application): Dim => (input(0).dims === null ? null : input(0).dims?.length === 1 ? 1 : input(0).dims?.[0] ?? null)

const countOf = (node: Node, ...names: string[]): number => {
  for (const name of names) {
    const attribute = node.attributes.get(name)
    if ((attribute?.type === 'strings' || attribute?.type === 'ints' || attribute?.type === 'floats') && attribute.value.length > 0) return attribute.value.length
  }
  return 0
}

const floatLike: Rule = ({ input }) => [known('float32', input(0).dims)]
const like: Rule = ({ input }) => [known(input(0).dtype, input(0).dims)]

const classifier: Rule = (application) => {
  const { node } = application
  const texts = countOf(node, 'classlabels_strings')
  const classes = texts || countOf(node, 'classlabels_int64s', 'classlabels_ints')
  const rows = rowsOf(application)
  return [known(texts ? 'string' : 'int64', [rows]), known('float32', [rows, classes > 1 ? classes : null])]
}

const regressor = (targets: (node: Node) => Dim): Rule => (application) => [known('float32', [rowsOf(application), targets(application.node)])]

const arrayFeatureExtractor: Rule = ({ input }) => {
  const { dims, dtype } = input(0)
  if (dims === null) return [known(dtype, null)]
  const count = input(1).dims ? multiply(input(1).dims ?? []) : null
  return [known(dtype, dims.length === 1 ? [1, count] : [...dims.slice(0, -1), count])]
}

const zipMap: Rule = ({ node }) => [{
  ...UNKNOWN,
  other: { kind: 'sequence', element: { kind: 'map', key: countOf(node, 'classlabels_strings') ? 'string' : 'int64', value: { kind: 'tensor', dtype: 'float32', dims: [] } } },
}]

const labelEncoder: Rule = ({ node, input }) => {
  const has = (name: string) => countOf(node, name) > 0 || node.attributes.has(name)
  const dtype = has('values_strings') ? 'string' : has('values_int64s') ? 'int64' : has('values_floats') ? 'float32' : has('classes_strings') ? (input(0).dtype === 'string' ? 'int64' : 'string') : null
  return [known(dtype, input(0).dims)]
}

const oneHotEncoder: Rule = ({ node, input }) => [known('float32', input(0).dims && [...(input(0).dims ?? []), countOf(node, 'cats_int64s', 'cats_strings') || null])]

const featureVectorizer: Rule = (application) => {
  const sizes = intsAttribute(application.node, 'inputdimensions', null)
  return [known('float32', [rowsOf(application), sizes ? sum(sizes) : null])]
}

export const ml: Readonly<Record<string, Rule>> = {
  Scaler: floatLike, Normalizer: floatLike, Imputer: like, Binarizer: like,
  LinearClassifier: classifier, SVMClassifier: classifier, TreeEnsembleClassifier: classifier,
  LinearRegressor: regressor((node) => intAttribute(node, 'targets', 1)),
  TreeEnsembleRegressor: regressor((node) => intAttribute(node, 'n_targets', null)),
  TreeEnsemble: ({ node, input }) => [known(input(0).dtype, [input(0).dims?.[0] ?? null, intAttribute(node, 'n_targets', null)])],
  SVMRegressor: regressor(() => 1),
  ArrayFeatureExtractor: arrayFeatureExtractor, ZipMap: zipMap, LabelEncoder: labelEncoder, OneHotEncoder: oneHotEncoder, FeatureVectorizer: featureVectorizer,
}
