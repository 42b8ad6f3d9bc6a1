/** @file Which of the ONNX project's cases do not simply pass the gradient check, and why. The tests fail when an entry has become unnecessary: delete it then. */

const words = (list: string): readonly string[] => list.split(/\s+/).filter((word) => word !== '')

/** Operators with neither rule nor lowering that are not constant either, by the reason. */
export const NO_RULE: Readonly<Record<string, readonly string[]>> = {
  'no rule is written': words(`
    BitCast CausalConvWithState DFT DequantizeLinear LinearAttention MelWeightMatrix
    RoiAlign MaxRoiPool STFT ai.onnx.preview:FlexAttention
    ai.onnx.ml:ArrayFeatureExtractor ai.onnx.ml:FeatureVectorizer ai.onnx.ml:Imputer ai.onnx.ml:LinearClassifier
    ai.onnx.ml:LinearRegressor ai.onnx.ml:Normalizer ai.onnx.ml:SVMClassifier ai.onnx.ml:SVMRegressor ai.onnx.ml:Scaler
  `),
  'it computes with integers': words('ConvInteger MatMulInteger QLinearConv QLinearMatMul QuantizeLinear DynamicQuantizeLinear'),
  'its values are strings or encoded images': words('ImageDecoder RegexFullMatch StringConcat StringSplit'),
  'its values are sequences or optionals': words(`
    ConcatFromSequence Optional OptionalGetElement OptionalHasElement SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert
    SequenceLength SequenceMap SplitToSequence
  `),
  'a tree is flat wherever it has a gradient': words('ai.onnx.ml:TreeEnsemble ai.onnx.ml:TreeEnsembleClassifier ai.onnx.ml:TreeEnsembleRegressor'),
  'a step of training, not of a model': words(`
    ai.onnx.preview.training:Adagrad ai.onnx.preview.training:Adam ai.onnx.preview.training:Gradient ai.onnx.preview.training:Momentum
  `),
}

/** Operators that newer opsets no longer have, and what upgrading makes of them. */
export const REPLACED: Readonly<Record<string, string>> = { Scatter: 'ScatterElements', Upsample: 'Resize' }

/** Float inputs that are settings of the operator rather than values it computes with: no gradient is asked of them. */
export const SETTINGS: Readonly<Record<string, { readonly inputs: readonly string[]; readonly reason: string }>> = {
  Range: { inputs: ['start', 'limit', 'delta'], reason: 'they decide the number of elements; a range is a constant, as in PyTorch' },
  OneHot: { inputs: ['depth'], reason: 'the depth is a number of classes' },
  Upsample: { inputs: ['scales'], reason: 'they decide sizes' },
  Resize: { inputs: ['scales', 'roi'], reason: 'they decide sizes and positions, which are constants, as in PyTorch' },
}

/** Cases checked where every float is raised by a little, at most 0.01. */
export const NUDGED: Readonly<Record<string, readonly string[]>> = {
  'at a kink, where the slopes on both sides differ': words('elu_example elu_example_expanded_ver18 leakyrelu_example leakyrelu_example_expanded selu_example selu_example_expanded_ver18'),
  'at a tie of several elements': words('maxpool_3d_dilations maxpool_3d_dilations_use_ref_impl reduce_min_default_axes_keepdims_example'),
  'at a jump': words('floor_example hardmax_one_hot round sign thresholdedrelu_example thresholdedrelu_example_expanded_ver18'),
  'at a norm of zero': words('l2normalization_axis_0'),
  'at the edge of the domain': words('pow acosh_example'),
}

/** Operators whose integer inputs are fed in the cases, but must be known before: checked with initializers in their place. */
export const BOUND: Readonly<Record<string, string>> = {
  Col2Im: 'sizes of image and blocks',
  CumProd: 'axis',
  ReduceProd: 'axes',
}

/** Cases that are not checked. */
export const UNCHECKED: Readonly<Record<string, readonly string[]>> = {
  'the output is random': words('training_dropout training_dropout_default training_dropout_default_mask training_dropout_mask training_dropout_zero_ratio training_dropout_zero_ratio_mask'),
  'the values are sequences': words('identity_opt identity_sequence'),
  'a softmax over nothing but −∞ is NaN on the way, and so is its gradient, as in PyTorch': words(`
    attention_23_boolmask_fullymasked_row_nan_robustness_expanded attention_23_fullymasked_qk_matmul_output_mode3_zero_expanded
    attention_24_fullymasked_qk_matmul_output_mode3_zero_expanded attention_24_qk_matmul_output_mode3_softmax_precision_expanded
    attention_4d_causal_nonpad_negative_offset_structural_empty_expanded attention_4d_causal_padded_kv_bf16_expanded
    attention_causal_boolmask_nan_robustness_expanded attention_local_window_gqa_rank4_mask_expanded
  `),
  'divisions by zero and of infinity': words('mod_float_edge_cases_fmod_0_float16 mod_float_edge_cases_fmod_0_float32 mod_float_edge_cases_fmod_0_float64'),
  'the number of axes of a matrix product shows only when an If has run': words(`
    affine_grid_2d_align_corners_expanded affine_grid_2d_expanded affine_grid_3d_align_corners_expanded affine_grid_3d_expanded
  `),
  'the rule refuses these attributes': words(`
    convtranspose_autopad_same convtranspose_kernel_shape convtranspose_output_shape
  `),
}

/** Operators whose rules refuse some of their cases where sizes are symbols, or where not even the number of axes is known. */
export const NEEDS: Readonly<Record<'symbolic' | 'unknown', readonly string[]>> = {
  symbolic: words('Conv ConvTranspose'),
  unknown: words('Attention Conv ConvTranspose LayerNormalization MatMul Resize RMSNormalization RotaryEmbedding Upsample'),
}
