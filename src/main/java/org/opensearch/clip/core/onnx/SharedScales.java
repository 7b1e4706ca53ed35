// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.List;
import java.util.Set;

/**
 * Dynamic quantisation: an operator looks for the smallest and the largest value of its whole input, batch and padding included, and rounds all
 * by one scale. So a vector depends on the inputs that share its run.
 */
final class SharedScales {

    /** The standard operator, and those that ONNX Runtime makes of it and of what follows it. */
    private static final Set<String> OPERATORS =
            Set.of("DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM");

    private SharedScales() {}

    /** @param model that has been scanned, which bounds its depth */
    static boolean in(ModelProto model) {
        return in(model.getGraph().getNodeList())
                || model.getFunctionsList().stream()
                        .map(FunctionProto::getNodeList)
                        .anyMatch(SharedScales::in);
    }

    private static boolean in(List<NodeProto> nodes) {
        return nodes.stream()
                .anyMatch(node -> OPERATORS.contains(node.getOpType())
                        || node.getAttributeList().stream()
                                .filter(AttributeProto::hasG)
                                .anyMatch(branch -> in(branch.getG().getNodeList())));
    }
}
