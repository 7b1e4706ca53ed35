// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.TensorInfo;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.Locale;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.engine.Session.Port;
import org.opensearch.clip.core.engine.Session.Tensor;

/**
 * An input or output of a graph with the element type it really has. A half-precision port is a float port to the outside
 * and converted here, so nobody else knows which variant of a model runs. Immutable.
 */
record OnnxPort(Port port, OnnxJavaType type) {

    static OnnxPort of(NodeInfo node) {
        if (node.getInfo() instanceof TensorInfo info) {
            return new OnnxPort(new Port(node.getName(), element(info.type), info.getShape()), info.type);
        }
        return new OnnxPort(new Port(node.getName(), Element.OTHER, new long[0]), OnnxJavaType.UNKNOWN);
    }

    private static Element element(OnnxJavaType type) {
        return switch (type) {
            case FLOAT, FLOAT16, BFLOAT16 -> Element.FLOAT;
            case INT64 -> Element.INT64;
            case INT32 -> Element.INT32;
            default -> Element.OTHER;
        };
    }

    /**
     * The tensor as the graph takes it; shares the caller's memory unless the port is of half precision.
     *
     * @throws ModelException when the graph takes elements of another type
     * @throws IllegalArgumentException when shape and data do not fit each other
     */
    OnnxTensor tensor(OrtEnvironment environment, Tensor tensor) throws OrtException {
        long[] shape = tensor.shape();
        Buffer data = tensor.data();
        if (!data.isDirect() || data.remaining() != elements(shape)) {
            throw new IllegalArgumentException("input [" + port.name() + "] of shape " + Arrays.toString(shape)
                    + " must be a direct buffer of as many elements, got " + data);
        }
        return switch (data) {
            case LongBuffer longs when type == OnnxJavaType.INT64 -> OnnxTensor.createTensor(environment, longs, shape);
            case IntBuffer ints when type == OnnxJavaType.INT32 -> OnnxTensor.createTensor(environment, ints, shape);
            case FloatBuffer floats
            when type == OnnxJavaType.FLOAT -> OnnxTensor.createTensor(environment, floats, shape);
            case FloatBuffer floats
            when type == OnnxJavaType.FLOAT16 || type == OnnxJavaType.BFLOAT16 ->
                OnnxTensor.createTensor(environment, half(floats), shape, type);
            default ->
                throw new ModelException(
                        "input [" + port.name() + "] takes " + type.name().toLowerCase(Locale.ROOT) + ", got "
                                + data.getClass().getSimpleName());
        };
    }

    private ShortBuffer half(FloatBuffer floats) {
        ShortBuffer half = ByteBuffer.allocateDirect(Math.multiplyExact(floats.remaining(), Short.BYTES))
                .order(ByteOrder.nativeOrder())
                .asShortBuffer();
        for (int i = 0, from = floats.position(); i < half.capacity(); i++) {
            float value = floats.get(from + i);
            half.put(i, type == OnnxJavaType.FLOAT16 ? Float.floatToFloat16(value) : bfloat16(value));
        }
        return half;
    }

    /** Round to nearest even, as ONNX Runtime does; a NaN stays one. */
    private static short bfloat16(float value) {
        int bits = Float.floatToIntBits(value);
        return (short) (Float.isNaN(value) ? 0x7FC0 : (bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    /** @throws ModelException when this output is no vector of floats */
    void requireFloats() {
        if (port.element() != Element.FLOAT) {
            throw new ModelException("output [" + port.name() + "] is of type "
                    + type.name().toLowerCase(Locale.ROOT) + ", expected float, float16 or bfloat16");
        }
    }

    private static long elements(long[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }
}
