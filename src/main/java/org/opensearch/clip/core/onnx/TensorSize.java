// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;

/** How large a tensor says it is, and how much data it has. */
final class TensorSize {

    private static final int STRING = 8;

    private TensorSize() {}

    /** Bytes by shape and element type; -1 when that is no size, or there is no such type. Strings count as one byte each. */
    static long bytes(TensorProto tensor) {
        int bits = bits(tensor.getDataType());
        long elements = 1;
        for (long dimension : tensor.getDimsList()) {
            if (dimension < 0 || elements > 0 && dimension > Long.MAX_VALUE / 128 / elements) {
                return -1;
            }
            elements *= dimension;
        }
        return bits == 0 ? -1 : (elements * bits + 7) / 8;
    }

    /**
     * Bytes that the data in the tensor itself can fill at most. A varint of one byte makes an element of up to eight.
     */
    static long held(TensorProto tensor) {
        return GraphReader.Slice.of(tensor)
                .map(slice -> slice.length() * expansion(slice.field(), tensor.getDataType()))
                .orElseGet(() -> tensor.hasRawData()
                        ? tensor.getRawData().size()
                        : 4L * tensor.getFloatDataCount()
                                + (long) width(tensor.getDataType()) * tensor.getInt32DataCount()
                                + tensor.getStringDataCount()
                                + 8L * tensor.getInt64DataCount()
                                + 8L * tensor.getDoubleDataCount()
                                + 8L * tensor.getUint64DataCount());
    }

    private static long expansion(int field, int type) {
        return switch (field) {
            case TensorProto.INT32_DATA_FIELD_NUMBER -> width(type);
            case TensorProto.INT64_DATA_FIELD_NUMBER, TensorProto.UINT64_DATA_FIELD_NUMBER -> 8;
            default -> 1;
        };
    }

    /** Bytes of an element, one where several share a byte. */
    static int width(int type) {
        return Math.max(1, bits(type) / 8);
    }

    /** By the numbers of TensorProto.DataType; 0 for a number that ONNX Runtime knows no more than we do. */
    private static int bits(int type) {
        return switch (type) {
            case TensorProto.DataType.FLOAT_VALUE,
                    TensorProto.DataType.INT32_VALUE,
                    TensorProto.DataType.UINT32_VALUE -> 32;
            case TensorProto.DataType.INT64_VALUE,
                    TensorProto.DataType.UINT64_VALUE,
                    TensorProto.DataType.DOUBLE_VALUE,
                    TensorProto.DataType.COMPLEX64_VALUE -> 64;
            case TensorProto.DataType.COMPLEX128_VALUE -> 128;
            case TensorProto.DataType.FLOAT16_VALUE,
                    TensorProto.DataType.BFLOAT16_VALUE,
                    TensorProto.DataType.INT16_VALUE,
                    TensorProto.DataType.UINT16_VALUE -> 16;
            case TensorProto.DataType.UINT8_VALUE,
                    TensorProto.DataType.INT8_VALUE,
                    TensorProto.DataType.BOOL_VALUE,
                    TensorProto.DataType.FLOAT8E4M3FN_VALUE,
                    TensorProto.DataType.FLOAT8E4M3FNUZ_VALUE,
                    TensorProto.DataType.FLOAT8E5M2_VALUE,
                    TensorProto.DataType.FLOAT8E5M2FNUZ_VALUE,
                    STRING -> 8;
            default -> 0;
        };
    }

    /** Whether elements share a byte: uint4, int4, float4e2m1, uint2 and int2. */
    static boolean packed(int type) {
        return type >= 21 && type <= 23 || type == 25 || type == 26;
    }
}
