// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What ONNX Runtime saves, as it should have: 1.28.0 writes each weight of a subgraph twice, first where it lay before, then where it lies now, and does not load
 * that.
 */
final class SavedGraph {

    private SavedGraph() {}

    static ModelProto mended(ModelProto saved) {
        return saved.toBuilder().setGraph(mended(saved.getGraph())).build();
    }

    private static GraphProto mended(GraphProto saved) {
        Map<String, TensorProto> last = new LinkedHashMap<>();
        saved.getInitializerList().forEach(tensor -> last.put(tensor.getName(), tensor));
        GraphProto.Builder mended = saved.toBuilder()
                .clearInitializer()
                .addAllInitializer(last.values())
                .clearNode();
        for (NodeProto node : saved.getNodeList()) {
            NodeProto.Builder one = node.toBuilder();
            for (AttributeProto.Builder attribute : one.getAttributeBuilderList()) {
                if (attribute.hasG()) {
                    attribute.setG(mended(attribute.getG()));
                }
            }
            mended.addNode(one);
        }
        return mended.build();
    }
}
