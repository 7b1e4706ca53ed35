// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.message.Shown;

/**
 * A weight once more, in the order that a kernel has packed it into, as ONNX Runtime notes it among the places of the tensor:
 * {@code kernel|offset;length;checksum|offset;length;checksum..}, all in the file that holds the tensor itself.
 *
 * @param name of the entry
 * @param kernel operator and hash, by which the kernel finds its own
 */
record PackedWeights(String name, String kernel, List<Piece> pieces) {

    private static final String NAME = "prepacked";
    private static final Pattern PIECE = Pattern.compile("([0-9]{1,18});([0-9]{1,18});([^;|]*)");

    /** @param offset in bytes from the file's begin */
    record Piece(long offset, long length, String checksum) {}

    static boolean in(StringStringEntryProto entry) {
        return entry.getKey().startsWith(NAME);
    }

    /** @throws ModelException when it is written otherwise: kernels take what it says as it is */
    static PackedWeights of(StringStringEntryProto entry) {
        String[] parts = entry.getValue().split("\\|", -1);
        List<Piece> pieces = new ArrayList<>();
        for (int i = 1; i < parts.length; i++) {
            var piece = PIECE.matcher(parts[i]);
            if (!piece.matches()) {
                throw new ModelException(
                        "packed weights are noted in a way that is not known: [" + Shown.printable(parts[i]) + "]");
            }
            pieces.add(new Piece(Long.parseLong(piece.group(1)), Long.parseLong(piece.group(2)), piece.group(3)));
        }
        return new PackedWeights(entry.getKey(), parts[0], pieces);
    }

    StringStringEntryProto entry() {
        StringBuilder value = new StringBuilder(kernel);
        for (Piece piece : pieces) {
            value.append('|')
                    .append(piece.offset)
                    .append(';')
                    .append(piece.length)
                    .append(';')
                    .append(piece.checksum);
        }
        return StringStringEntryProto.newBuilder()
                .setKey(name)
                .setValue(value.toString())
                .build();
    }
}
