/** @file Which of the ONNX project's cases do not simply pass the gradient check, and why. The tests fail when an entry has become unnecessary: delete it then. */

const words = (list: string): readonly string[] => list.split(/\s+/).filter((word) => word !== '')

/** Operators with neither rule nor lowering that are not constant either, by the reason. */
export const NO_RULE: Readonly<Record<string, readonly string[]>> = {
  'it reads bits as another type': words('BitCast'),
  'its inputs are settings, from which it makes a table': words('MelWeightMatrix'),
  'its values are strings or encoded images': words('ImageDecoder RegexFullMatch StringConcat StringSplit'),
  'a tree is flat wherever it has a gradient': words('ai.onnx.ml:TreeEnsemble ai.onnx.ml:TreeEnsembleClassifier ai.onnx.ml:TreeEnsembleRegressor'),
  'packed sequences are made for GPUs': words('com.microsoft:PackedAttention com.microsoft:PackedMultiHeadAttention'),
  'the layout is one that ONNX Runtime uses inside': words('com.microsoft:NhwcConv'),
  'its table is made of whole numbers': words('com.microsoft:GatherBlockQuantized'),
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
  RoiAlign: { inputs: ['rois'], reason: 'positions are constants, as in torchvision' },
  Upsample: { inputs: ['scales'], reason: 'they decide sizes' },
  Resize: { inputs: ['scales', 'roi'], reason: 'they decide sizes and positions, which are constants, as in PyTorch' },
}

/** Cases checked where every float is raised by a little, at most 0.01. */
export const NUDGED: Readonly<Record<string, readonly string[]>> = {
  'at a kink, where the slopes on both sides differ': words('elu_example elu_example_expanded_ver18 leakyrelu_example leakyrelu_example_expanded selu_example selu_example_expanded_ver18'),
  'at a tie of several elements': words('maxpool_3d_dilations maxpool_3d_dilations_use_ref_impl reduce_min_default_axes_keepdims_example'),
  'at a jump': words('floor_example hardmax_one_hot round sign thresholdedrelu_example thresholdedrelu_example_expanded_ver18'),
  'at a place of the grid': words(`
    basic_deform_conv_with_padding basic_deform_conv_without_padding deform_conv_with_mask_bias deform_conv_with_multiple_offset_groups
    gridsample_aligncorners_true gridsample_bilinear gridsample_bilinear_align_corners_1_additional_1 gridsample_nearest
    gridsample_nearest_align_corners_0_additional_1 gridsample_nearest_align_corners_1_additional_1
    gridsample_volumetric_bilinear_align_corners_0 gridsample_volumetric_bilinear_align_corners_1
    gridsample_volumetric_nearest_align_corners_0 gridsample_volumetric_nearest_align_corners_1
  `),
  'at a norm of zero': words('l2normalization_axis_0'),
  'at the edge of the domain': words('pow acosh_example'),
}

/** Operators whose integer inputs are fed in the cases, but must be known before: checked with initializers in their place. */
export const BOUND: Readonly<Record<string, string>> = {
  AffineGrid: 'sizes of the image',
  Col2Im: 'sizes of image and blocks',
  CumProd: 'axis',
  DFT: 'axis',
  ReduceProd: 'axes',
}

/** Cases that are not checked. */
export const UNCHECKED: Readonly<Record<string, readonly string[]>> = {
  'the output is random': words('training_dropout training_dropout_default training_dropout_default_mask training_dropout_mask training_dropout_zero_ratio training_dropout_zero_ratio_mask'),
  'the values are sequences or optionals': words(`
    identity_opt identity_sequence loop16_seq_none optional_get_element_optional_tensor
    sequence_map_add_1_sequence_1_tensor sequence_map_add_1_sequence_1_tensor_expanded sequence_map_add_2_sequences sequence_map_add_2_sequences_expanded
    sequence_map_identity_1_sequence sequence_map_identity_1_sequence_1_tensor sequence_map_identity_1_sequence_1_tensor_expanded
    sequence_map_identity_1_sequence_expanded sequence_map_identity_2_sequences sequence_map_identity_2_sequences_expanded
    split_to_sequence_1 split_to_sequence_2 split_to_sequence_nokeepdims
  `),
  'equal values are counted as one, and are no longer equal when one of them moves': words(`
    unique_bfloat16_sorted_without_axis unique_not_sorted_without_axis unique_sorted_with_axis unique_sorted_with_axis_3d
    unique_sorted_with_negative_axis unique_sorted_without_axis
  `),
  'the scale that a quantisation chooses is taken as a constant': words('dynamicquantizelinear dynamicquantizelinear_max_adjusted dynamicquantizelinear_min_adjusted'),
  'Scan had a batch axis before opset 9': words('scan_sum'),
  'divisions by zero and of infinity': words('mod_float_edge_cases_fmod_0_float16 mod_float_edge_cases_fmod_0_float32 mod_float_edge_cases_fmod_0_float64'),
}

/** Operators whose rules refuse some of their cases where sizes are symbols, or where not even the number of axes is known. */
export const NEEDS: Readonly<Record<'symbolic' | 'unknown', readonly string[]>> = {
  symbolic: words('CausalConvWithState ConvTranspose'),
  unknown: words('Attention CausalConvWithState ConvTranspose DeformConv DequantizeLinear GridSample LayerNormalization MatMul Resize RMSNormalization RotaryEmbedding TensorScatter Upsample'),
}
