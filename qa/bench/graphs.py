# SPDX-License-Identifier: Apache-2.0
"""Transformers of random weights and exact architectures, written as ONNX graphs without any framework."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR = 17, 8
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Graph:
    """Nodes and weights as they are written. A value is the name of a tensor."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []

    def put(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def weight(self, *shape, scale=None):
        """Random, so scaled that what goes through keeps its size."""
        scale = (shape[0] if len(shape) == 2 else np.prod(shape[1:])) ** -0.5 if scale is None else scale
        return self.put(self.random.standard_normal(shape, dtype=np.float32) * np.float32(scale))

    def node(self, kind, *inputs, **attributes):
        out = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=out, **attributes))
        return out

    def ints(self, *values):
        return self.put(np.array(values, np.int64))

    def number(self, value):
        return self.put(np.float32(value))

    def input(self, name, kind, *shape):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name, value, *shape):
        self.nodes.append(helper.make_node("Identity", [value], [name], name="to_" + name))
        self.outputs.append(helper.make_tensor_value_info(name, FLOAT, shape))

    def save(self, path):
        graph = helper.make_graph(self.nodes, path.stem, self.inputs, self.outputs, self.weights)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR), path)

    # --- layers ---

    def linear(self, x, inside, outside, bias=True):
        y = self.node("MatMul", x, self.weight(inside, outside))
        return self.node("Add", y, self.weight(outside, scale=0.02)) if bias else y

    def norm(self, x, width, epsilon=1e-5):
        one = self.put(1 + self.random.standard_normal(width, dtype=np.float32) * np.float32(0.1))
        return self.node("LayerNormalization", x, one, self.weight(width, scale=0.1), axis=-1, epsilon=epsilon)

    def quick_gelu(self, x):
        return self.node("Mul", x, self.node("Sigmoid", self.node("Mul", x, self.number(1.702))))

    def gelu(self, x):
        inner = self.node("Erf", self.node("Mul", x, self.number(0.5**0.5)))
        return self.node("Mul", self.node("Mul", x, self.node("Add", inner, self.number(1))), self.number(0.5))

    def attention(self, x, width, heads, bias=None, turn=lambda x: x):
        size = width // heads
        shape, flat = self.ints(0, 0, heads, size), self.ints(0, 0, width)
        q, k, v = (self.node("Reshape", self.linear(x, width, width), shape) for _ in range(3))
        q = turn(self.node("Transpose", q, perm=[0, 2, 1, 3]))
        k = turn(self.node("Transpose", k, perm=[0, 2, 1, 3]))
        v = self.node("Transpose", v, perm=[0, 2, 1, 3])
        scores = self.node("Mul", self.node("MatMul", q, self.node("Transpose", k, perm=[0, 1, 3, 2])), self.number(size**-0.5))
        scores = scores if bias is None else self.node("Add", scores, bias)
        seen = self.node("MatMul", self.node("Softmax", scores, axis=-1), v)
        return self.linear(self.node("Reshape", self.node("Transpose", seen, perm=[0, 2, 1, 3]), flat), width, width)

    def mlp(self, x, width, inner, activation):
        return self.linear(activation(self.linear(x, width, inner)), inner, width)

    def swiglu(self, x, width, inner):
        gate = self.linear(x, width, inner)
        gate = self.node("Mul", gate, self.node("Sigmoid", gate))
        return self.linear(self.norm(self.node("Mul", gate, self.linear(x, width, inner)), inner), inner, width)

    def rotary(self, positions, size):
        """Turns pairs of values by their position: EVA02's."""
        angles = np.outer(np.arange(positions), 1 / 10_000 ** (np.arange(size // 2) / (size // 2))).astype(np.float32)
        cos, sin = (self.put(np.concatenate([f(angles)] * 2, -1)[None, None]) for f in (np.cos, np.sin))

        def turn(x):
            first, second = (self.node("Slice", x, self.ints(a), self.ints(b), self.ints(3)) for a, b in ((0, size // 2), (size // 2, size)))
            turned = self.node("Concat", self.node("Neg", second), first, axis=3)
            return self.node("Add", self.node("Mul", x, cos), self.node("Mul", turned, sin))

        return turn

    def patches(self, pixels, width, patch, count):
        x = self.node("Conv", pixels, self.weight(width, 3, patch, patch), strides=[patch, patch], kernel_shape=[patch, patch])
        x = self.node("Transpose", self.node("Reshape", x, self.ints(0, width, count)), perm=[0, 2, 1])
        batch = self.node("Slice", self.node("Shape", pixels), self.ints(0), self.ints(1))
        first = self.node("Expand", self.weight(1, 1, width, scale=1), self.node("Concat", batch, self.ints(1, width), axis=0))
        return self.node("Add", self.node("Concat", first, x, axis=1), self.weight(1, count + 1, width, scale=0.3))

    def first(self, x):
        return self.node("Gather", x, self.put(np.int64(0)), axis=1)

    def mask(self, mask):
        """[batch, length] of 0 and 1: what is added to scores."""
        off = self.node("Sub", self.number(1), self.node("Cast", mask, to=FLOAT))
        return self.node("Mul", self.node("Unsqueeze", off, self.ints(1, 2)), self.number(-1e4))

    def upto(self, table, ids):
        """The rows of a table of positions for that many ids."""
        length = self.node("Slice", self.node("Shape", ids), self.ints(1), self.ints(2))
        return self.node("Slice", table, self.ints(0), length, self.ints(0)), length


def vit(path, size, patch, width, layers, heads, inner, dimension, eva=False, seed=1):
    """An image tower as CLIP's; `eva`: rotary positions, SwiGLU with a norm inside."""
    g = Graph(seed)
    side = size // patch
    x = g.patches(g.input("pixel_values", FLOAT, "batch", 3, size, size), width, patch, side * side)
    turn = g.rotary(side * side + 1, width // heads) if eva else lambda x: x
    x = x if eva else g.norm(x, width)
    for _ in range(layers):
        x = g.node("Add", x, g.attention(g.norm(x, width), width, heads, turn=turn))
        y = g.norm(x, width)
        x = g.node("Add", x, g.swiglu(y, width, inner) if eva else g.mlp(y, width, inner, g.quick_gelu))
    g.output("image_embeds", g.linear(g.norm(g.first(x), width), width, dimension, bias=False), "batch", dimension)
    g.save(path)


def causal(path, vocabulary, positions, width, layers, heads, dimension, seed=2):
    """A text tower as CLIP's, but for what it pools: the first token that is asked for last would be the same work."""
    g = Graph(seed)
    ids, mask = (g.input(n, INT64, "batch", "length") for n in ("input_ids", "attention_mask"))
    place, length = g.upto(g.weight(positions, width, scale=0.3), ids)
    x = g.node("Add", g.node("Gather", g.weight(vocabulary, width, scale=1), ids), place)
    square = g.put(np.triu(np.full((positions, positions), -1e4, np.float32), 1))
    rows = g.node("Slice", square, g.ints(0, 0), g.node("Concat", length, length, axis=0), g.ints(0, 1))
    bias = g.node("Add", g.mask(mask), rows)
    for _ in range(layers):
        x = g.node("Add", x, g.attention(g.norm(x, width), width, heads, bias))
        x = g.node("Add", x, g.mlp(g.norm(x, width), width, 4 * width, g.quick_gelu))
    kept = g.node("Mul", g.norm(x, width), g.node("Unsqueeze", g.node("Cast", mask, to=FLOAT), g.ints(2)))
    pooled = g.node("ReduceSum", kept, g.ints(1), keepdims=0)
    g.output("text_embeds", g.linear(pooled, width, dimension, bias=False), "batch", dimension)
    g.save(path)


def bert(path, vocabulary, positions, width, layers, heads, inner, seed=3):
    """A sentence encoder as MiniLM: states of the last layer."""
    g = Graph(seed)
    ids, mask, kinds = (g.input(n, INT64, "batch", "length") for n in ("input_ids", "attention_mask", "token_type_ids"))
    x = g.node("Add", g.node("Gather", g.weight(vocabulary, width, scale=1), ids), g.node("Gather", g.weight(2, width, scale=0.3), kinds))
    x = g.norm(g.node("Add", x, g.upto(g.weight(positions, width, scale=0.3), ids)[0]), width, 1e-12)
    bias = g.mask(mask)
    for _ in range(layers):
        x = g.norm(g.node("Add", x, g.attention(x, width, heads, bias)), width, 1e-12)
        x = g.norm(g.node("Add", x, g.mlp(x, width, inner, g.gelu)), width, 1e-12)
    g.output("last_hidden_state", x, "batch", "length", width)
    g.save(path)
