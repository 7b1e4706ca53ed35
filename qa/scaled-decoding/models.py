# SPDX-License-Identifier: Apache-2.0
"""Picture towers of random weights in the shapes of ViT-B/32 (CLIP) and SigLIP B/16, as ONNX: models.py FOLDER. Needs numpy and onnx."""
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEADS, LAYERS, MLP = 768, 12, 12, 3072


class Graph:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def constant(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def normal(self, *shape, std=0.02):
        return self.constant((self.random.standard_normal(shape) * std).astype(np.float32))

    def __call__(self, op, *inputs, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def linear(self, x, inputs, outputs):
        # as transformers begins, so that the variance of what goes in is kept
        return self("Add", self("MatMul", x, self.normal(inputs, outputs, std=inputs**-0.5)), self.normal(outputs))

    def norm(self, x):
        return self("LayerNormalization", x, self.constant(np.ones(WIDTH, np.float32)), self.constant(np.zeros(WIDTH, np.float32)), axis=-1, epsilon=1e-5)

    def heads(self, x):
        split = self("Reshape", x, self.constant(np.array([0, -1, HEADS, WIDTH // HEADS])))
        return self("Transpose", split, perm=[0, 2, 1, 3])

    def attention(self, query, x):
        q, k, v = (self.heads(self.linear(y, WIDTH, WIDTH)) for y in (query, x, x))
        scores = self("MatMul", self("Mul", q, self.constant(np.float32((WIDTH // HEADS) ** -0.5))), self("Transpose", k, perm=[0, 1, 3, 2]))
        seen = self("MatMul", self("Softmax", scores, axis=-1), v)
        joined = self("Reshape", self("Transpose", seen, perm=[0, 2, 1, 3]), self.constant(np.array([0, -1, WIDTH])))
        return self.linear(joined, WIDTH, WIDTH)

    def mlp(self, x, quick):
        h = self.linear(x, WIDTH, MLP)
        if quick:
            h = self("Mul", h, self("Sigmoid", self("Mul", h, self.constant(np.float32(1.702)))))
        else:
            inner = self("Add", h, self("Mul", self("Mul", self("Mul", h, h), h), self.constant(np.float32(0.044715))))
            tanh = self("Tanh", self("Mul", inner, self.constant(np.float32((2 / np.pi) ** 0.5))))
            h = self("Mul", self("Mul", h, self.constant(np.float32(0.5))), self("Add", tanh, self.constant(np.float32(1))))
        return self.linear(h, MLP, WIDTH)

    def patches(self, edge, patch):
        conv = self("Conv", "pixel_values", self.normal(WIDTH, 3, patch, patch, std=(3 * patch * patch) ** -0.5), strides=[patch, patch])
        tokens = self("Transpose", self("Reshape", conv, self.constant(np.array([0, WIDTH, -1]))), perm=[0, 2, 1])
        return tokens, (edge // patch) ** 2

    def layers(self, x, quick):
        for _ in range(LAYERS):
            normed = self.norm(x)
            x = self("Add", x, self.attention(normed, normed))
            x = self("Add", x, self.mlp(self.norm(x), quick))
        return x

    def save(self, output, edge, file):
        graph = helper.make_graph(
            [*self.nodes, helper.make_node("Identity", [output], ["vector"])],
            "tower",
            [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, edge, edge])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, None)],
            self.weights,
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)


def clip(edge, file):
    g = Graph(1)
    tokens, count = g.patches(edge, 32)
    x = g("Add", g("Concat", g.normal(1, 1, WIDTH), tokens, axis=1), g.normal(1, count + 1, WIDTH))
    x = g.layers(g.norm(x), True)
    first = g("Gather", x, g.constant(np.array(0)), axis=1)
    g.save(g("MatMul", g.norm(first), g.normal(WIDTH, 512, std=WIDTH**-0.5)), edge, file)


def siglip(edge, file):
    g = Graph(edge)
    tokens, count = g.patches(edge, 16)
    x = g.norm(g.layers(g("Add", tokens, g.normal(1, count, WIDTH)), False))
    pooled = g.attention(g.normal(1, 1, WIDTH, std=1), x)
    g.save(g("Add", pooled, g.mlp(g.norm(pooled), False)), edge, file)


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
clip(224, folder / "clip-224.onnx")
for edge in (224, 384, 512):
    siglip(edge, folder / f"siglip-{edge}.onnx")
