// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The operators of encoders as they are published: by the exporters of PyTorch (TorchScript and dynamo), by Optimum and transformers.js, and by the
 * optimiser and the quantisers of ONNX Runtime. Each operator is native code that trusts the graph, so what no encoder needs is not handed to it; what
 * ONNX Runtime itself makes of a graph that has passed is another matter (docs/onnx-runtime.md).
 */
final class Operators {

    static final String MICROSOFT = "com.microsoft";

    /** Arithmetic, comparisons and activations, element by element. */
    private static final String ELEMENTS = """
            Abs Add And BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Cos Div Dropout Elu Equal Erf Exp
            Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod
            Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Sub Sum Swish Tan Tanh
            ThresholdedRelu Where Xor""";

    /** What layers are made of: attention, convolution, pooling, normalisation, reduction. */
    private static final String LAYERS = """
            ArgMax ArgMin Attention AveragePool BatchNormalization Conv CumSum Einsum Gemm GlobalAveragePool GlobalMaxPool GroupNormalization
            InstanceNormalization LayerNormalization LogSoftmax LpNormalization MatMul MaxPool RMSNormalization ReduceL1 ReduceL2
            ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RotaryEmbedding SimplifiedLayerNormalization
            Softmax""";

    /** Where elements go: shapes, masks, positions, pieces. {@code If} runs one of its branches, once. */
    private static final String SHAPES = """
            Compress Concat ConcatFromSequence Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten Gather GatherElements GatherND If
            NonZero OneHot Pad Range Reshape Resize ScatterElements ScatterND SequenceAt SequenceConstruct SequenceLength Shape Size Slice
            SpaceToDepth Split SplitToSequence Squeeze Tile TopK Transpose Trilu Unsqueeze Upsample""";

    /** Eight bits in the standard domain. */
    private static final String QUANTISED = """
            ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear""";

    /** What ONNX Runtime's optimiser for transformers fuses (Optimum's O1 to O4). */
    private static final String FUSED = """
            Attention BiasGelu FastGelu FusedConv FusedGemm FusedMatMul Gelu GroupQueryAttention MultiHeadAttention QuickGelu RotaryEmbedding
            SimplifiedLayerNormalization SkipLayerNormalization SkipSimplifiedLayerNormalization TransposeMatMul Trilu""";

    /** What its quantisers write (int8, uint8, q4, q4f16, bnb4): weights of four bits are tensors of bytes there. */
    private static final String FUSED_QUANTISED = """
            DequantizeLinear DynamicQuantizeMatMul GatherBlockQuantized MatMulBnb4 MatMulIntegerToFloat MatMulNBits QAttention QGemm
            QLinearAdd QLinearAveragePool QLinearConcat QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearReduceMean
            QLinearSigmoid QLinearSoftmax QLinearWhere QuantizeLinear""";

    /** Names of the standard domain as they are, others after their domain and a colon. */
    static final Set<String> PUBLISHED = Stream.concat(
                    names(ELEMENTS, LAYERS, SHAPES, QUANTISED),
                    names(FUSED, FUSED_QUANTISED).map(name -> MICROSOFT + ":" + name))
            .collect(Collectors.toUnmodifiableSet());

    /** Read or write out of bounds in 1.28.0, mended in 1.28.3. Encoders are published with the first of them, where they were optimised before. */
    private static final Set<String> FAULTY =
            names("""
            EmbedLayerNormalization QEmbedLayerNormalization ConvTransposeWithDynamicPads SparseAttention""").map(name -> MICROSOFT + ":" + name).collect(Collectors.toUnmodifiableSet());

    private Operators() {}

    private static Stream<String> names(String... lists) {
        return Arrays.stream(lists).flatMap(list -> Arrays.stream(list.split("\\s+")));
    }

    static boolean standard(NodeProto node) {
        return node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx");
    }

    static String name(NodeProto node) {
        return standard(node) ? node.getOpType() : node.getDomain() + ":" + node.getOpType();
    }

    /** Why an operator is none of them, for a message. */
    static String refusal(String name) {
        return FAULTY.contains(name)
                ? "which is refused as long as this plugin carries an ONNX Runtime that has a fault in it (docs/onnx-runtime.md): take a variant of the"
                        + " model that was not optimised before it was published"
                : "which no supported model uses (docs/onnx-runtime.md has the list)";
    }
}
