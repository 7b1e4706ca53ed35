// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnknownFieldSet;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.message.Shown;

/**
 * The data of a graph's tensors, wherever they lie: in the graph's file, in another file, or on the heap. The graph has passed its scan, so
 * that every place is one that may be read. One thread.
 */
final class TensorData implements Closeable {

    /** What a tensor that cannot move may take on the heap. */
    private static final long MOST_INSIDE = 16L << 20;

    private static final int BUFFER = 1 << 16;

    /**
     * @param file {@code null} when the tensor holds its data itself
     * @param field of {@code TensorProto} that the bytes are encoded as
     */
    record Place(Path file, long offset, long length, int field, TensorProto held) {}

    private final PreparedGraphs.Source source;
    private final Map<Path, FileChannel> files = new HashMap<>();

    TensorData(PreparedGraphs.Source source) {
        this.source = source;
    }

    /** Strings have no bytes that could lie elsewhere. */
    static boolean movable(TensorProto tensor) {
        return tensor.getDataType() != TensorProto.DataType.STRING_VALUE;
    }

    Place place(TensorProto tensor) {
        if (ExternalWeights.elsewhere(tensor)) {
            Map<String, String> entries = ExternalWeights.entries(tensor);
            long offset = Long.parseLong(entries.getOrDefault("offset", "0"));
            Path file = source.weights().get(entries.get("location")).path();
            return new Place(file, offset, TensorSize.bytes(tensor), TensorProto.RAW_DATA_FIELD_NUMBER, null);
        }
        Optional<GraphReader.Slice> slice = GraphReader.Slice.of(tensor);
        return slice.isPresent()
                ? new Place(
                        source.graph().path(),
                        slice.get().offset(),
                        slice.get().length(),
                        slice.get().field(),
                        null)
                : new Place(null, 0, 0, 0, tensor);
    }

    /** Writes the tensor as raw data, {@code TensorSize.bytes} of it. */
    void copy(TensorProto tensor, Place place, WritableByteChannel out) throws IOException {
        long bytes = TensorSize.bytes(tensor);
        long written = switch (place.field()) {
            case TensorProto.RAW_DATA_FIELD_NUMBER,
                    TensorProto.FLOAT_DATA_FIELD_NUMBER,
                    TensorProto.DOUBLE_DATA_FIELD_NUMBER -> transfer(place, out);
            case TensorProto.INT32_DATA_FIELD_NUMBER -> decode(place, TensorSize.width(tensor.getDataType()), out);
            case TensorProto.INT64_DATA_FIELD_NUMBER -> decode(place, Long.BYTES, out);
            case TensorProto.UINT64_DATA_FIELD_NUMBER ->
                decode(place, tensor.getDataType() == TensorProto.DataType.UINT32_VALUE ? 4 : 8, out);
            default -> place.held() == null ? -1 : out.write(held(place.held()));
        };
        if (written != bytes) {
            throw new ModelException("[" + source.name() + "] has a tensor [" + Shown.printable(tensor.getName())
                    + "] of " + bytes + " bytes with data of " + written);
        }
    }

    /** Of a piece of the tensor's packed weights, which lie in the file that the tensor itself lies in. */
    Place place(TensorProto tensor, PackedWeights.Piece piece) {
        return new Place(place(tensor).file(), piece.offset(), piece.length(), TensorProto.RAW_DATA_FIELD_NUMBER, null);
    }

    /** Writes what lies at a place in a file as it is. */
    void copy(Place place, WritableByteChannel out) throws IOException {
        long written = transfer(place, out);
        if (written != place.length()) {
            throw new ModelException("[" + source.name() + "] has " + written + " bytes where " + place.length()
                    + " of packed weights should be");
        }
    }

    /** @return the tensor with its data in it, as they are or as raw data */
    TensorProto inside(TensorProto tensor) throws IOException {
        Place place = place(tensor);
        if (place.held() != null) {
            return tensor;
        }
        long bytes = TensorSize.bytes(tensor);
        if (bytes > MOST_INSIDE || !movable(tensor)) {
            throw new ModelException("[" + source.name() + "] has a tensor [" + Shown.printable(tensor.getName())
                    + "] of " + bytes + " bytes that cannot leave it");
        }
        ByteString.Output data = ByteString.newOutput();
        copy(tensor, place, Channels.newChannel(data));
        return withoutData(tensor).setRawData(data.toByteString()).build();
    }

    static TensorProto.Builder withoutData(TensorProto tensor) {
        return tensor.toBuilder()
                .clearRawData()
                .clearFloatData()
                .clearInt32Data()
                .clearInt64Data()
                .clearDoubleData()
                .clearUint64Data()
                .clearExternalData()
                .clearDataLocation()
                .setUnknownFields(UnknownFieldSet.getDefaultInstance());
    }

    private long transfer(Place place, WritableByteChannel out) throws IOException {
        FileChannel in = file(place);
        long done = 0;
        while (done < place.length()) {
            long n = in.transferTo(place.offset() + done, place.length() - done, out);
            if (n <= 0) {
                break;
            }
            done += n;
        }
        return done;
    }

    /** Varints to whole numbers of {@code width} bytes, little-endian. */
    private long decode(Place place, int width, WritableByteChannel out) throws IOException {
        FileChannel in = file(place).position(place.offset());
        CodedInputStream varints = CodedInputStream.newInstance(Channels.newInputStream(in), BUFFER);
        varints.pushLimit(Math.toIntExact(place.length()));
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        long done = 0;
        while (!varints.isAtEnd()) {
            put(buffer, varints.readRawVarint64(), width);
            if (buffer.remaining() < Long.BYTES || varints.isAtEnd()) {
                done += out.write(buffer.flip());
                buffer.clear();
            }
        }
        return done;
    }

    private static void put(ByteBuffer buffer, long value, int width) {
        switch (width) {
            case 1 -> buffer.put((byte) value);
            case 2 -> buffer.putShort((short) value);
            case 4 -> buffer.putInt((int) value);
            default -> buffer.putLong(value);
        }
    }

    /** Of a tensor that holds more raw data on the heap than its reader leaves there: small values in a long list. */
    private static ByteBuffer held(TensorProto tensor) {
        if (tensor.hasRawData()) {
            return tensor.getRawData().asReadOnlyByteBuffer();
        }
        int width = TensorSize.width(tensor.getDataType());
        ByteBuffer data =
                ByteBuffer.allocate(Math.toIntExact(TensorSize.held(tensor))).order(ByteOrder.LITTLE_ENDIAN);
        tensor.getFloatDataList().forEach(data::putFloat);
        tensor.getDoubleDataList().forEach(data::putDouble);
        tensor.getInt32DataList().forEach(value -> put(data, value, width));
        tensor.getInt64DataList().forEach(data::putLong);
        tensor.getUint64DataList().forEach(value -> put(data, value, width));
        return data.flip();
    }

    private FileChannel file(Place place) throws IOException {
        FileChannel open = files.get(place.file());
        if (open == null) {
            open = FileChannel.open(place.file(), StandardOpenOption.READ);
            files.put(place.file(), open);
        }
        return open;
    }

    @Override
    public void close() throws IOException {
        for (FileChannel file : files.values()) {
            file.close();
        }
    }
}
