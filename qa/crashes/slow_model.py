# SPDX-License-Identifier: Apache-2.0
"""Makes a model of random weights whose runs are slow: the folder of src/test's tiny-clip with another text tower.

python3 slow_model.py FOLDER [LAYERS]

A layer multiplies each token by 1024 x 1024 weights, 2 million operations: 32 tokens through 2,000 layers are 134 billion, 2 to 5 seconds of a core. All layers
share their weights, which depend on the input by a zero, so that ONNX Runtime neither folds nor packs them 2,000 times.
"""
import array
import pathlib
import random
import shutil
import sys

WIDTH, DIMENSION, VOCABULARY = 1024, 24, 1000
FLOAT, INT64 = 1, 7
rng = random.Random(3)


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def part(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def node(kind, inputs, output, attributes=b""):
    return part(1, b"".join(part(1, i) for i in inputs) + part(2, output) + part(3, output) + part(4, kind) + attributes)


def tensor(name, dims, kind, data):
    return part(5, b"".join(number(1, d) for d in dims) + number(2, kind) + part(8, name) + part(9, data))


def floats(name, *dims):
    count = 1
    for d in dims:
        count *= d
    scale = (3 / dims[0]) ** 0.5
    return tensor(name, dims, FLOAT, array.array("f", (rng.uniform(-scale, scale) for _ in range(count))).tobytes())


def port(field, name, kind, *dims):
    shape = b"".join(part(1, part(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return part(field, part(1, name) + part(2, part(1, number(1, kind) + part(2, shape))))


def attribute(name, value):
    return part(5, part(1, name) + (number(3, value) + number(20, 2) if isinstance(value, int) else b"".join(number(8, v) for v in value) + number(20, 7)))


def graph(layers):
    made = [
        floats("tokens", VOCABULARY, WIDTH), floats("w", WIDTH, WIDTH), floats("project", WIDTH, DIMENSION), tensor("zero", [], FLOAT, bytes(4)),
        port(11, "input_ids", INT64, "batch", "length"), port(11, "attention_mask", INT64, "batch", "length"), port(12, "text_embeds", FLOAT, "batch", DIMENSION),
        node("Gather", ["tokens", "input_ids"], "x0"), node("Cast", ["attention_mask"], "mask", attribute("to", FLOAT)), node("ReduceMean", ["mask"], "some", attribute("keepdims", 0)),
        node("Mul", ["some", "zero"], "nothing"), node("Add", ["w", "nothing"], "weights"),
    ]
    for i in range(layers):
        made += [node("MatMul", [f"x{i}", "weights"], f"y{i}"), node("Tanh", [f"y{i}"], f"x{i + 1}")]
    made += [node("ReduceMean", [f"x{layers}"], "mean", attribute("axes", [1]) + attribute("keepdims", 0)), node("MatMul", ["mean", "project"], "text_embeds")]
    return number(1, 8) + part(7, b"".join(made) + part(2, "slow")) + part(8, part(1, "") + number(2, 17))


folder = pathlib.Path(sys.argv[1])
shutil.rmtree(folder, ignore_errors=True)
(folder / "onnx").mkdir(parents=True)
tiny = pathlib.Path(__file__).resolve().parents[2] / "src/test/resources/models/tiny-clip"
for name in ["config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "onnx/vision_model.onnx"]:
    shutil.copy(tiny / name, folder / name)
(folder / "onnx" / "text_model.onnx").write_bytes(graph(int(sys.argv[2]) if len(sys.argv) > 2 else 2000))
