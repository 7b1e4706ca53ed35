// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.opensearch.clip.core.engine.ModelException;

/**
 * Reads a graph without its weights: one pass over the protobuf, heap bounded whatever the size of the file. Data of a tensor
 * longer than {@value #KEPT} bytes stay in the file and leave a {@link Slice} that says where; what is no part of the ONNX
 * schema, and documentation, is dropped. One use, one thread.
 */
final class GraphReader {

    /** Enough for every constant that is a shape. */
    private static final int KEPT = 1024;

    /** What a field costs on the heap besides its bytes, so that many empty ones are no way round the limit. */
    private static final int OVERHEAD = 64;

    /** Messages in messages; subgraphs at the limit of depth need half of it. */
    private static final int DEPTH = 100;

    private static final Set<String> DOCUMENTATION = Set.of("doc_string", "metadata_props");

    /** The marks of a slice, outside the schema: none can come from the file. */
    private static final int FIELD = 1000;

    private static final int OFFSET = 1001;
    private static final int LENGTH = 1002;

    /**
     * Data of a tensor that stayed in the file.
     *
     * @param field the field of {@code TensorProto} that they are
     * @param offset in bytes from the file's begin
     */
    record Slice(int field, long offset, long length) {

        /** @return empty when the tensor holds its data, or has them in another file */
        static Optional<Slice> of(TensorProto tensor) {
            UnknownFieldSet marks = tensor.getUnknownFields();
            return marks.hasField(FIELD)
                    ? Optional.of(new Slice((int) mark(marks, FIELD), mark(marks, OFFSET), mark(marks, LENGTH)))
                    : Optional.empty();
        }

        private static long mark(UnknownFieldSet marks, int field) {
            return marks.getField(field).getVarintList().getFirst();
        }
    }

    private final CodedInputStream in;
    private final String name;
    private final long limit;
    private long heap;

    private GraphReader(CodedInputStream in, String name, long limit) {
        this.in = in;
        this.name = name;
        this.limit = limit;
    }

    /**
     * @param published what the file was called, for messages
     * @param heapBytes limit of the graph without its weights
     * @throws ModelException when the file is no ONNX model, or beyond the limit
     */
    static ModelProto read(String published, Path file, long heapBytes) throws IOException {
        String name = "[" + published + "]";
        if (Files.size(file) > Integer.MAX_VALUE) {
            throw ModelException.refusal(
                    name + " is larger than 2 GiB; so many weights belong into a file beside the graph", null);
        }
        try (InputStream stream = Files.newInputStream(file)) {
            var reader = new GraphReader(CodedInputStream.newInstance(stream, 1 << 16), name, heapBytes);
            ModelProto model = ModelProto.parseFrom(reader.shrink(ModelProto.getDescriptor(), 0));
            if (!model.hasGraph()) {
                throw ModelException.refusal(name + " is no ONNX model: it has no graph", null);
            }
            return model;
        } catch (InvalidProtocolBufferException e) {
            throw ModelException.refusal(name + " is no ONNX model: " + e.getMessage(), e);
        }
    }

    private ByteString shrink(Descriptor message, int depth) throws IOException {
        if (depth > DEPTH) {
            throw ModelException.refusal(name + " nests messages deeper than " + DEPTH, null);
        }
        ByteString.Output bytes = ByteString.newOutput();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        boolean sliced = false;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            int number = WireFormat.getTagFieldNumber(tag);
            FieldDescriptor field = message.findFieldByNumber(number);
            if (field == null || DOCUMENTATION.contains(field.getName())) {
                in.skipField(tag);
                continue;
            }
            charge(OVERHEAD);
            switch (WireFormat.getTagWireType(tag)) {
                case WireFormat.WIRETYPE_VARINT -> out.writeUInt64(number, in.readRawVarint64());
                case WireFormat.WIRETYPE_FIXED32 -> out.writeFixed32(number, in.readRawLittleEndian32());
                case WireFormat.WIRETYPE_FIXED64 -> out.writeFixed64(number, in.readRawLittleEndian64());
                case WireFormat.WIRETYPE_LENGTH_DELIMITED -> {
                    int length = in.readRawVarint32();
                    if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                        out.writeBytes(number, inside(field.getMessageType(), length, depth));
                    } else if (length > KEPT && message == TensorProto.getDescriptor()) {
                        if (sliced) {
                            throw ModelException.refusal(name + " has a tensor with its data twice", null);
                        }
                        sliced = true;
                        slice(number, length, out);
                    } else {
                        charge(length);
                        out.writeByteArray(number, in.readRawBytes(length));
                    }
                }
                default ->
                    throw ModelException.refusal(
                            name + " is no ONNX model: wire type of field [" + field.getName() + "]", null);
            }
        }
        out.flush();
        return bytes.toByteString();
    }

    private ByteString inside(Descriptor message, int length, int depth) throws IOException {
        int outer = in.pushLimit(length);
        ByteString bytes = shrink(message, depth + 1);
        in.checkLastTagWas(0);
        if (in.getBytesUntilLimit() != 0) {
            throw ModelException.refusal(name + " is cut off", null);
        }
        in.popLimit(outer);
        return bytes;
    }

    private void slice(int field, int length, CodedOutputStream out) throws IOException {
        out.writeUInt64(FIELD, field);
        out.writeUInt64(OFFSET, in.getTotalBytesRead());
        out.writeUInt64(LENGTH, length);
        in.skipRawBytes(length);
    }

    /** @param bytes negative in a file that lies about a length */
    private void charge(int bytes) {
        heap += bytes;
        if (bytes < 0 || heap > limit) {
            throw ModelException.refusal(name + " holds more than " + (limit >> 20) + " MiB besides its weights", null);
        }
    }
}
