"""Makes the tiny graphs of the tests of core.onnx. Run: python make.py (needs onnx and numpy)."""

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

OPSET = 17


def save(name, nodes, inputs, outputs, initializers=(), **more):
    graph = h.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", OPSET)], ir_version=8, producer_name="make.py", **more)
    onnx.checker.check_model(model)
    onnx.save(model, name + ".onnx")


def port(name, type, *shape):
    return h.make_tensor_value_info(name, type, shape)


def weights(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.array(values, dtype=dtype), name)


def elements():
    """Every element type a tower uses: y = ids + mask + x in float; h and b say the same in half precision; n is no float."""
    save(
        "elements",
        [
            h.make_node("Cast", ["ids"], ["a"], to=T.FLOAT),
            h.make_node("Cast", ["mask"], ["m"], to=T.FLOAT),
            h.make_node("Add", ["a", "m"], ["am"]),
            h.make_node("Add", ["am", "x"], ["y"]),
            h.make_node("Identity", ["half"], ["h"]),
            h.make_node("Identity", ["brain"], ["b"]),
            h.make_node("Identity", ["ids"], ["n"]),
        ],
        [
            port("ids", T.INT64, "n", 3),
            port("mask", T.INT32, "n", 3),
            port("x", T.FLOAT, "n", 3),
            port("half", T.FLOAT16, "n"),
            port("brain", T.BFLOAT16, "n"),
        ],
        [
            port("y", T.FLOAT, "n", 3),
            port("h", T.FLOAT16, "n"),
            port("b", T.BFLOAT16, "n"),
            port("n", T.INT64, "n", 3),
        ],
    )


def matmul():
    """y = x * w, w = [[1, 2], [3, 4], [5, 6]]: a row of the batch is an injective function of its input."""
    save(
        "matmul",
        [h.make_node("MatMul", ["x", "w"], ["y"])],
        [port("x", T.FLOAT, "n", 3)],
        [port("y", T.FLOAT, "n", 2)],
        [weights("w", [[1, 2], [3, 4], [5, 6]])],
    )


def runaway():
    """A loop of 2^62 turns."""
    body = h.make_graph(
        [h.make_node("Identity", ["c"], ["c2"]), h.make_node("Add", ["v", "x"], ["v2"])],
        "body",
        [port("i", T.INT64), port("c", T.BOOL), port("v", T.FLOAT, 1)],
        [port("c2", T.BOOL), port("v2", T.FLOAT, 1)],
    )
    save(
        "runaway",
        [h.make_node("Loop", ["trips", "yes", "x"], ["y"], body=body)],
        [port("x", T.FLOAT, 1)],
        [port("y", T.FLOAT, 1)],
        [weights("trips", 2**62, np.int64), weights("yes", True, np.bool_)],
    )


elements()
matmul()
runaway()
