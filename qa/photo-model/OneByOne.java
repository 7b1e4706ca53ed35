// SPDX-License-Identifier: Apache-2.0
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Fixes the batch of a graph at one text a run, when the zip is built. The sentence encoder has 8 bits, and scales each layer by what is in the whole run: in a batch
 * of 32 a text has another vector than alone (cosine 0.98 to 1). So a text has one vector, whoever else is embedded at the time.
 */
public final class OneByOne {
    public static void main(String[] args) throws IOException {
        ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(Path.of(args[0]))).toBuilder();
        fix(model.getGraphBuilder().getInputBuilderList());
        fix(model.getGraphBuilder().getOutputBuilderList());
        Files.createDirectories(Path.of(args[1]).getParent());
        Files.write(Path.of(args[1]), model.build().toByteArray());
    }

    private static void fix(List<ValueInfoProto.Builder> ports) {
        for (ValueInfoProto.Builder port : ports) {
            TensorShapeProto.Builder shape = port.getTypeBuilder().getTensorTypeBuilder().getShapeBuilder();
            if (!shape.getDim(0).getDimParam().equals("batch_size")) {
                throw new IllegalArgumentException(port.getName() + " has no batch: " + shape);
            }
            shape.getDimBuilder(0).setDimValue(1);
        }
    }
}
