# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite as an ONNX graph, from the weights of its authors: batch norms folded, TensorFlow's padding, ReLU6, nothing squeezed.

Its weights are stored in 8 bits a channel and its biases in 16, a third of the bytes; the graph turns them into floats when it is loaded and computes in
floats, so vectors do not follow the processor and nothing has to be calibrated.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

EPSILON = 1e-3  # of the batch norms
STAGES = [(1, 1), (2, 6), (2, 6), (2, 6), (1, 6), (2, 6), (1, 6)]  # stride, expansion
LEAST_STORED = 20_000  # weights of a layer; fewer are not worth rounding


class Network:
    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.loading, self.count = weights, [], [], [], 0
        self.low, self.high = self.exact(np.float32(0)), self.exact(np.float32(6))

    def op(self, kind, *inputs, **attributes):
        self.count += 1
        output = f"t{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def exact(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def halved(self, values):
        """In 16 bits, with what makes 32 of them."""
        stored = self.exact(values.astype(np.float16))
        self.loading.append(helper.make_node("Cast", [stored], [stored + "_float"], to=TensorProto.FLOAT))
        return stored + "_float"

    def rounded(self, values):
        """In 8 bits, one scale for each output channel."""
        if values.size < LEAST_STORED:
            return self.halved(values)
        rows = np.abs(values).reshape(len(values), -1).max(1) / 127
        scale = rows.reshape([-1] + [1] * (values.ndim - 1)).astype(np.float32)
        stored = self.exact(np.clip(np.rint(values / scale), -127, 127).astype(np.int8))
        self.loading.append(helper.make_node("Cast", [stored], [stored + "_float"], to=TensorProto.FLOAT))
        self.loading.append(helper.make_node("Mul", [stored + "_float", self.exact(scale)], [stored + "_scaled"]))
        return stored + "_scaled"

    def convolution(self, x, name, norm, stride, active=True):
        kernel = self.weights[name + ".weight"].astype(np.float64)
        gamma, beta, mean, variance = (self.weights[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var"))
        factor = gamma / np.sqrt(variance + EPSILON)
        folded = self.rounded((kernel * factor[:, None, None, None]).astype(np.float32))
        bias = self.halved((beta - mean * factor).astype(np.float32))
        groups = len(kernel) if kernel.shape[1] == 1 else 1
        shape = list(kernel.shape[2:])
        x = self.op("Conv", x, folded, bias, kernel_shape=shape, strides=[stride, stride], group=groups, auto_pad="SAME_UPPER")
        return self.op("Clip", x, self.low, self.high) if active else x

    def logits(self, x):
        """[batch][3][h][w] in [-1, 1] to [batch][classes]"""
        x = self.convolution(x, "_conv_stem", "_bn0", 2)
        block, width = 0, len(self.weights["_conv_stem.weight"])
        for stride, expansion in STAGES:
            for repeat in range(self.repeats(block)):
                name, before = f"_blocks.{block}.", x
                step = stride if repeat == 0 else 1
                if expansion != 1:
                    x = self.convolution(x, name + "_expand_conv", name + "_bn0", 1)
                x = self.convolution(x, name + "_depthwise_conv", name + "_bn1", step)
                x = self.convolution(x, name + "_project_conv", name + "_bn2", 1, active=False)
                made = len(self.weights[name + "_project_conv.weight"])
                if step == 1 and made == width:
                    x = self.op("Add", before, x)
                block, width = block + 1, made
        if f"_blocks.{block}._project_conv.weight" in self.weights:
            raise ValueError(f"the network has more than {block} blocks")
        x = self.convolution(x, "_conv_head", "_bn1", 1)
        x = self.op("Flatten", self.op("GlobalAveragePool", x))
        return self.op("Gemm", x, self.rounded(self.weights["_fc.weight"]), self.halved(self.weights["_fc.bias"]), transB=1)

    def repeats(self, block):
        """Blocks of the stage that begins with this one: those that make as many channels."""
        made = lambda b: len(self.weights.get(f"_blocks.{b}._project_conv.weight", []))
        count = 1
        while made(block + count) == made(block):
            count += 1
        return count
