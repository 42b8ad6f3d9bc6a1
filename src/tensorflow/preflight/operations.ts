/**
 * @file TensorFlow operations that a model may hold: what they do depends on their inputs alone, or on variables. Everything else is refused, above all what
 * reads or writes files, runs code, opens connections or datasets. https://www.tensorflow.org/api_docs/python/tf/raw_ops
 */

const CALCULATE = `Abs Acos Acosh Add AddN AddV2 All Any ApproximateEqual ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool AvgPool3D BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchToSpace BatchToSpaceND
Betainc BiasAdd BiasAddV1 Bincount BitwiseAnd BitwiseOr BitwiseXor BroadcastArgs BroadcastTo Bucketize Cast Ceil CheckNumerics Cholesky ClipByValue Complex ComplexAbs Concat ConcatV2 Conj Conv1D Conv2D Conv2DBackpropInput Conv3D
Conv3DBackpropInputV2 Cos Cosh CropAndResize Cross Cumprod Cumsum CumulativeLogsumexp DenseBincount DepthToSpace DepthwiseConv2d DepthwiseConv2dNative Dequantize Diag DiagPart Digamma Dilation2D Div DivNoNan Einsum Elu EnsureShape
Equal Erf Erfc Erfinv EuclideanNorm Exp ExpandDims Expm1 ExtractImagePatches ExtractVolumePatches Eye FFT FFT2D FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill Floor FloorDiv FloorMod
FractionalAvgPool FractionalMaxPool FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 FusedDepthwiseConv2dNative Gather GatherNd GatherV2 Greater GreaterEqual IFFT IFFT2D IRFFT IRFFT2D Igamma Igammac Imag InTopK InTopKV2 Inv InvertPermutation
IsFinite IsInf IsNan L2Loss LRN LeakyRelu LeftShift Less LessEqual Lgamma LinSpace ListDiff Log Log1p LogMatrixDeterminant LogSoftmax LogicalAnd LogicalNot LogicalOr LowerBound MatMul MatrixBandPart MatrixDeterminant MatrixDiag MatrixDiagPart
MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MatrixInverse MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 MatrixSolve MatrixTriangularSolve Max MaxPool MaxPool3D MaxPoolV2 MaxPoolWithArgmax Maximum Mean Min Minimum MirrorPad
Mod Mul MulNoNan Ndtri Neg NextAfter NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 CombinedNonMaxSuppression NotEqual OneHot Ones OnesLike Pack Pad PadV2 ParallelConcat ParallelDynamicStitch DynamicStitch
DynamicPartition Polygamma PopulationCount Pow Prelu Prod Qr QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 RFFT RFFT2D RGBToHSV HSVToRGB AdjustContrast AdjustContrastv2 AdjustHue AdjustSaturation
Range Rank Real RealDiv Reciprocal Relu Relu6 Reshape ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor Reverse ReverseSequence ReverseV2 RightShift Rint Roll Round Rsqrt ScatterNd SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum
Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StridedSlice Sub Sum Svd Tan Tanh
TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate Tile TopK TopKV2 Transpose TruncateDiv TruncateMod Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2 Unpack UnravelIndex
UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum UpperBound Where Xdivy Xlog1py Xlogy Zeros ZerosLike Zeta _FusedConv2D _FusedMatMul _FusedDepthwiseConv2dNative
ImageProjectiveTransformV2 ImageProjectiveTransformV3 CudnnRNN CudnnRNNV2 CudnnRNNV3 BlockLSTM BlockLSTMV2 GRUBlockCell LSTMBlockCell SparseToDense SparseFillEmptyRows SparseReshape SparseReorder SparseSegmentMean SparseSegmentSum
SparseSegmentSqrtN SparseTensorDenseMatMul RaggedGather RaggedRange RaggedTensorToTensor RaggedTensorToSparse RaggedTensorToVariant RaggedTensorFromVariant RaggedBincount XlaSharding XlaEinsum`

const CONTROL = `Placeholder PlaceholderV2 PlaceholderWithDefault Const HostConst Identity IdentityN NoOp Snapshot StopGradient PreventGradient Assert Print Enter Exit Merge Switch NextIteration LoopCond RefEnter RefExit RefMerge RefSwitch RefNextIteration
If StatelessIf While StatelessWhile Case StatelessCase For PartitionedCall StatefulPartitionedCall SymbolicGradient DeviceIndex FakeParam _Arg _Retval _If _While
TensorArray TensorArrayV2 TensorArrayV3 TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3 TensorArraySplitV3 TensorArrayWriteV3 EmptyTensorList TensorListConcat TensorListConcatV2
TensorListConcatLists TensorListElementShape TensorListFromTensor TensorListGather TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack TensorListPushBackBatch TensorListReserve TensorListResize TensorListScatter TensorListScatterIntoExistingList
TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack OptionalFromValue OptionalGetValue OptionalHasValue OptionalNone`

const STATE = `VarHandleOp VariableV2 Variable ReadVariableOp AssignVariableOp AssignAddVariableOp AssignSubVariableOp Assign AssignAdd AssignSub VarIsInitializedOp IsVariableInitialized VariableShape ResourceGather ResourceGatherNd ResourceScatterUpdate
DisableCopyOnRead DestroyResourceOp MutableHashTable MutableHashTableV2 MutableDenseHashTable MutableDenseHashTableV2 HashTable HashTableV2 AnonymousHashTable InitializeTable InitializeTableV2 LookupTableFind LookupTableFindV2 LookupTableImport LookupTableImportV2
LookupTableInsertV2 LookupTableSize LookupTableSizeV2 LookupTableExportV2`

const RANDOM = `Multinomial RandomGamma RandomNormal RandomPoissonV2 RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt TruncatedNormal ParameterizedTruncatedNormal StatefulStandardNormalV2 StatefulUniform StatefulUniformFullInt StatefulTruncatedNormal
StatelessMultinomial StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformV2 StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformFullInt StatelessTruncatedNormal StatelessTruncatedNormalV2
StatelessRandomGetKeyCounter StatelessRandomGetAlg StatelessRandomGetKeyCounterAlg RngReadAndSkip RngSkip RngBitGenerator`

const TEXT = `AsString DecodeBase64 EncodeBase64 ReduceJoin RegexFullMatch RegexReplace StaticRegexFullMatch StaticRegexReplace StringFormat StringJoin StringLength StringLower StringUpper StringNGrams StringSplit StringSplitV2 StringStrip
StringToHashBucket StringToHashBucketFast StringToHashBucketStrong StringToNumber Substr UnicodeDecode UnicodeDecodeWithOffsets UnicodeEncode UnicodeScript UnicodeTranscode UnsortedSegmentJoin`

const words = (...lists: readonly string[]): ReadonlySet<string> => new Set(lists.flatMap((list) => list.split(/\s+/)))

export const OPERATIONS = words(CALCULATE, CONTROL, STATE, RANDOM, TEXT)
/** What TensorFlow's loader runs to fill the variables, with the name of their own file. */
export const RESTORING = words('RestoreV2 Restore RestoreSlice ShardedFilename')
/** What only saving a model again would run. A SavedModel always holds it. */
export const SAVING = words('SaveV2 Save SaveSlices MergeV2Checkpoints ShardedFilespec')
