/** @file Which operators of ai.onnx have a gradient, which have none, and which are constant in their inputs. */
import type { Rule } from '../rule.js'

export type DifferentiableOp =
  // linear
  | 'MatMul' | 'Gemm'
  // convolution, pooling, normalization
  | 'Conv' | 'ConvTranspose' | 'MaxPool' | 'AveragePool' | 'GlobalMaxPool' | 'GlobalAveragePool' | 'BatchNormalization'
  | 'LayerNormalization' | 'RMSNormalization' | 'InstanceNormalization'
  // element by element
  | 'Add' | 'Sub' | 'Mul' | 'Div' | 'Sum' | 'Mean' | 'Min' | 'Max' | 'Pow' | 'Neg' | 'Abs' | 'Reciprocal' | 'Sqrt' | 'Exp' | 'Log' | 'Erf' | 'Mod'
  | 'Sin' | 'Cos' | 'Tan' | 'Asin' | 'Acos' | 'Atan' | 'Sinh' | 'Cosh' | 'Asinh' | 'Acosh' | 'Atanh'
  | 'Where' | 'Clip' | 'Cast' | 'CastLike' | 'Identity'
  // activations
  | 'Relu' | 'LeakyRelu' | 'Sigmoid' | 'Tanh' | 'Softplus' | 'Softmax' | 'LogSoftmax'
  | 'Elu' | 'Selu' | 'Celu' | 'HardSigmoid' | 'HardSwish' | 'Softsign' | 'PRelu' | 'ThresholdedRelu' | 'Shrink' | 'Gelu' | 'Dropout'
  // reductions
  | 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceLogSumExp' | 'ReduceSumSquare' | 'ReduceL1' | 'ReduceL2' | 'ReduceProd' | 'CumSum' | 'Einsum' | 'Det'
  // signals
  | 'DFT'
  // movement
  | 'Reshape' | 'Flatten' | 'Squeeze' | 'Unsqueeze' | 'Transpose' | 'Concat' | 'Split' | 'Slice' | 'Pad' | 'Expand' | 'Tile'
  // images
  | 'DepthToSpace' | 'SpaceToDepth' | 'Resize' | 'MaxUnpool' | 'Col2Im' | 'LpPool' | 'GlobalLpPool' | 'RoiAlign' | 'MaxRoiPool'
  // indexing
  | 'Gather' | 'GatherElements' | 'GatherND' | 'ScatterElements' | 'ScatterND' | 'TensorScatter'
  // selection
  | 'TopK' | 'OneHot' | 'Compress' | 'Unique' | 'Trilu'
  // quantization
  | 'QuantizeLinear' | 'DequantizeLinear' | 'DynamicQuantizeLinear' | 'ConvInteger' | 'MatMulInteger'
  // control flow
  | 'If' | 'Loop' | 'ReverseSequence'

/** A family of rules; names outside the list above do not compile. */
export type RuleTable = Readonly<Partial<Record<DifferentiableOp, Rule>>>

/**
 * Operators whose outputs do not change with small changes of their inputs, or that are not numbers at all: the gradient is zero and the
 * walk stops there, as PyTorch's does.
 */
export const CONSTANT_OPS: ReadonlySet<string> = new Set([
  'Constant', 'ConstantOfShape', 'Shape', 'Size', 'Range', 'EyeLike', 'NonZero', 'SequenceEmpty', 'SequenceLength', 'OptionalHasElement', 'HannWindow', 'HammingWindow', 'BlackmanWindow',
  'RandomNormal', 'RandomUniform', 'RandomNormalLike', 'RandomUniformLike', 'Bernoulli', 'Multinomial',
  'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor', 'Not', 'IsNaN', 'IsInf',
  'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'BitwiseNot', 'BitShift',
  'ArgMax', 'ArgMin', 'Floor', 'Ceil', 'Round', 'Sign', 'Hardmax', 'NonMaxSuppression', 'StringNormalizer', 'TfIdfVectorizer',
])

/** The same of ai.onnx.ml. */
export const CONSTANT_ML_OPS: ReadonlySet<string> = new Set(['Binarizer', 'OneHotEncoder', 'LabelEncoder', 'CategoryMapper', 'DictVectorizer', 'ZipMap', 'CastMap'])
