/** @file What the interpreter does not know of the ONNX project's cases. The tests fail when an entry has become unnecessary: delete it then. */

const words = (list: string): readonly string[] => list.trim().split(/\s+/)

/** Operators without a kernel. */
const operators = [
  'Bernoulli',
  'BitCast',
  'BitShift',
  'BitwiseAnd',
  'BitwiseNot',
  'BitwiseOr',
  'BitwiseXor',
  'BlackmanWindow',
  'HammingWindow',
  'HannWindow',
  'ImageDecoder',
  'MelWeightMatrix',
  'NonMaxSuppression',
  'RandomUniformLike',
  'SwiGLU',
  'TfIdfVectorizer',
  'ai.onnx.ml:ArrayFeatureExtractor',
  'ai.onnx.ml:Binarizer',
  'ai.onnx.ml:TreeEnsemble',
  'ai.onnx.preview.training:Adagrad',
  'ai.onnx.preview.training:Adam',
  'ai.onnx.preview.training:Momentum',
]

/** Operators that the project has no cases of. */
const withoutCases = ['GlobalLpPool', 'MaxRoiPool', 'SequenceErase', 'ConcatFromSequence']

/** Cases whose operators all have kernels, by the reason why they are not compared all the same. */
const cases: Readonly<Record<string, readonly string[]>> = {
  'a type below 16 bits is made': words(`
    cast_FLOAT16_to_FLOAT4E2M1 cast_FLOAT16_to_FLOAT8E4M3FN cast_FLOAT16_to_FLOAT8E4M3FNUZ cast_FLOAT16_to_FLOAT8E5M2 cast_FLOAT16_to_FLOAT8E5M2FNUZ
    cast_FLOAT16_to_INT2 cast_FLOAT16_to_INT4 cast_FLOAT16_to_UINT2 cast_FLOAT16_to_UINT4 cast_FLOAT_to_FLOAT4E2M1 cast_FLOAT_to_FLOAT8E4M3FN
    cast_FLOAT_to_FLOAT8E4M3FNUZ cast_FLOAT_to_FLOAT8E5M2 cast_FLOAT_to_FLOAT8E5M2FNUZ cast_FLOAT_to_INT2 cast_FLOAT_to_INT4 cast_FLOAT_to_UINT2
    cast_FLOAT_to_UINT4 cast_e8m0_FLOAT16_to_FLOAT8E8M0 cast_e8m0_FLOAT_to_FLOAT8E8M0 cast_no_saturate_FLOAT16_to_FLOAT8E4M3FN
    cast_no_saturate_FLOAT16_to_FLOAT8E4M3FNUZ cast_no_saturate_FLOAT16_to_FLOAT8E5M2 cast_no_saturate_FLOAT16_to_FLOAT8E5M2FNUZ
    cast_no_saturate_FLOAT_to_FLOAT8E4M3FN cast_no_saturate_FLOAT_to_FLOAT8E4M3FNUZ cast_no_saturate_FLOAT_to_FLOAT8E5M2
    cast_no_saturate_FLOAT_to_FLOAT8E5M2FNUZ castlike_FLOAT16_to_FLOAT4E2M1 castlike_FLOAT16_to_FLOAT4E2M1_expanded castlike_FLOAT16_to_FLOAT8E4M3FN
    castlike_FLOAT16_to_FLOAT8E4M3FNUZ castlike_FLOAT16_to_FLOAT8E4M3FNUZ_expanded castlike_FLOAT16_to_FLOAT8E4M3FN_expanded
    castlike_FLOAT16_to_FLOAT8E5M2 castlike_FLOAT16_to_FLOAT8E5M2FNUZ castlike_FLOAT16_to_FLOAT8E5M2FNUZ_expanded castlike_FLOAT16_to_FLOAT8E5M2_expanded
    castlike_FLOAT16_to_INT2 castlike_FLOAT16_to_INT2_expanded castlike_FLOAT16_to_INT4 castlike_FLOAT16_to_INT4_expanded castlike_FLOAT16_to_UINT2
    castlike_FLOAT16_to_UINT2_expanded castlike_FLOAT16_to_UINT4 castlike_FLOAT16_to_UINT4_expanded castlike_FLOAT_to_FLOAT4E2M1
    castlike_FLOAT_to_FLOAT4E2M1_expanded castlike_FLOAT_to_FLOAT8E4M3FN castlike_FLOAT_to_FLOAT8E4M3FNUZ castlike_FLOAT_to_FLOAT8E4M3FNUZ_expanded
    castlike_FLOAT_to_FLOAT8E4M3FN_expanded castlike_FLOAT_to_FLOAT8E5M2 castlike_FLOAT_to_FLOAT8E5M2FNUZ castlike_FLOAT_to_FLOAT8E5M2FNUZ_expanded
    castlike_FLOAT_to_FLOAT8E5M2_expanded castlike_FLOAT_to_INT2 castlike_FLOAT_to_INT2_expanded castlike_FLOAT_to_INT4 castlike_FLOAT_to_INT4_expanded
    castlike_FLOAT_to_UINT2 castlike_FLOAT_to_UINT2_expanded castlike_FLOAT_to_UINT4 castlike_FLOAT_to_UINT4_expanded
    castlike_no_saturate_FLOAT16_to_FLOAT8E4M3FN castlike_no_saturate_FLOAT16_to_FLOAT8E4M3FNUZ castlike_no_saturate_FLOAT16_to_FLOAT8E4M3FNUZ_expanded
    castlike_no_saturate_FLOAT16_to_FLOAT8E4M3FN_expanded castlike_no_saturate_FLOAT16_to_FLOAT8E5M2 castlike_no_saturate_FLOAT16_to_FLOAT8E5M2FNUZ
    castlike_no_saturate_FLOAT16_to_FLOAT8E5M2FNUZ_expanded castlike_no_saturate_FLOAT16_to_FLOAT8E5M2_expanded castlike_no_saturate_FLOAT_to_FLOAT8E4M3FN
    castlike_no_saturate_FLOAT_to_FLOAT8E4M3FNUZ castlike_no_saturate_FLOAT_to_FLOAT8E4M3FNUZ_expanded castlike_no_saturate_FLOAT_to_FLOAT8E4M3FN_expanded
    castlike_no_saturate_FLOAT_to_FLOAT8E5M2 castlike_no_saturate_FLOAT_to_FLOAT8E5M2FNUZ castlike_no_saturate_FLOAT_to_FLOAT8E5M2FNUZ_expanded
    castlike_no_saturate_FLOAT_to_FLOAT8E5M2_expanded
  `),
  'a type below 16 bits is quantised to': words('quantizelinear_e4m3fn quantizelinear_e5m2 quantizelinear_float4e2m1'),
  'which step is nearest is decided in float32': words('dynamicquantizelinear_expanded'),
  'Scan had a batch axis before opset 9': words('scan_sum'),
  'the expected output is random': words('training_dropout training_dropout_default training_dropout_default_mask training_dropout_mask training_dropout_zero_ratio training_dropout_zero_ratio_mask'),
  'ONNX Runtime and PyTorch let the indices count through output_shape, not through the shape without it': words('maxunpool_export_with_output_shape'),
  'ONNX Runtime aligns the corners of whole sizes, not of size times scale': words('resize_downsample_scales_cubic_align_corners resize_downsample_scales_linear_align_corners'),
  'the expected output was typed with four decimals': words('averagepool_2d_ceil_last_window_starts_on_pad gridsample_bicubic roialign_aligned_false roialign_aligned_true'),
}

export const NOT_INTERPRETED = { operators, withoutCases, cases }
