"""A dual encoder of random weights in the layout of an OpenAI CLIP export, and what the reference makes of a few inputs.

Real enough to be wrong: the text tower attends over all positions, so a wrong mask moves its vectors.
onnx/hidden.onnx is the same text tower with 32-bit inputs, token types and positions from outside, not pooled;
onnx/fixed.onnx is the same with a batch of one and all positions always.

pip install onnx==1.23.2 onnxruntime==1.28.0 tokenizers==0.23.3 pillow==13.0.0 numpy && python make.py
"""

import json
import pathlib
import shutil

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
WIDTH, DIMENSION, POSITIONS, SIZE = 16, 24, 32, 32
random = np.random.default_rng(7)


def weights(*shape):
    return (random.standard_normal(shape) / np.sqrt(shape[0] if len(shape) > 1 else 4)).astype(np.float32)


def save(name, nodes, inputs, outputs, initializers):
    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in initializers.items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / "onnx" / name)


def text(vocabulary):
    w = {"tokens": weights(vocabulary, WIDTH) * 8, "positions": weights(POSITIONS, WIDTH), "types": weights(2, WIDTH),
         "project": weights(WIDTH, DIMENSION),
         **{k: weights(WIDTH, WIDTH) for k in ("q", "k", "v", "inner", "outer")},
         "one": np.float32(1), "scale": np.float32(0.25), "minus": np.float32(-1e4),
         "axis1": np.array([1]), "axis2": np.array([2]), "zero1": np.array([0])}
    n = helper.make_node
    attention = [
        n("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT), n("Unsqueeze", ["mask", "axis1"], ["row"]),
        n("Sub", ["one", "row"], ["off"]), n("Mul", ["off", "minus"], ["bias"]),
        n("MatMul", ["x", "q"], ["qx"]), n("MatMul", ["x", "k"], ["kx"]), n("MatMul", ["x", "v"], ["vx"]),
        n("Transpose", ["kx"], ["kt"], perm=[0, 2, 1]), n("MatMul", ["qx", "kt"], ["dots"]), n("Mul", ["dots", "scale"], ["scaled"]),
        n("Add", ["scaled", "bias"], ["masked"]), n("Softmax", ["masked"], ["shares"], axis=-1),
        n("MatMul", ["shares", "vx"], ["seen"]), n("Add", ["x", "seen"], ["y"]), n("MatMul", ["y", "inner"], ["i"]),
        n("Tanh", ["i"], ["t"]), n("MatMul", ["t", "outer"], ["o"]), n("Add", ["y", "o"], ["last_hidden_state"])]
    ids = [n("Gather", ["tokens", "input_ids"], ["e"])]
    own = [n("Shape", ["input_ids"], ["shape"]), n("Gather", ["shape", "axis1"], ["length"]),
           n("Slice", ["positions", "zero1", "length", "zero1"], ["p"]), n("Add", ["e", "p"], ["x"])]
    given = [n("Gather", ["positions", "position_ids"], ["p"]), n("Gather", ["types", "token_type_ids"], ["tt"]),
             n("Add", ["e", "p"], ["ep"]), n("Add", ["ep", "tt"], ["x"])]
    pool = [n("Unsqueeze", ["mask", "axis2"], ["column"]), n("Mul", ["last_hidden_state", "column"], ["kept"]),
            n("ReduceSum", ["kept", "axis1"], ["sum"], keepdims=0), n("ReduceSum", ["mask", "axis1"], ["count"]),
            n("Div", ["sum", "count"], ["mean"]), n("MatMul", ["mean", "project"], ["text_embeds"])]

    def ports(names, kind, *shape):
        return [helper.make_tensor_value_info(name, kind, shape or ["batch", "length"]) for name in names]

    def used(*names):
        return {k: v for k, v in w.items() if k not in names}

    save("text_model.onnx", ids + own + attention + pool, ports(["input_ids", "attention_mask"], TensorProto.INT64),
         [helper.make_tensor_value_info("text_embeds", TensorProto.FLOAT, ["batch", DIMENSION])], used("types"))
    save("fixed.onnx", ids + own + attention + pool, ports(["input_ids", "attention_mask"], TensorProto.INT64, 1, POSITIONS),
         [helper.make_tensor_value_info("text_embeds", TensorProto.FLOAT, [1, DIMENSION])], used("types"))
    save("hidden.onnx", ids + given + attention,
         ports(["input_ids", "attention_mask", "token_type_ids", "position_ids"], TensorProto.INT32),
         [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", WIDTH])],
         used("project", "axis2", "zero1"))


def vision():
    n = helper.make_node
    save("vision_model.onnx", [
        n("Conv", ["pixel_values", "patches"], ["c"], strides=[8, 8]), n("Tanh", ["c"], ["t"]), n("Flatten", ["t"], ["f"]),
        n("MatMul", ["f", "project"], ["image_embeds"])],
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["batch", DIMENSION])],
        {"patches": weights(8, 3, 8, 8), "project": weights(8 * (SIZE // 8) ** 2, DIMENSION)})


def pictures():
    for name, (w, h) in {"wide": (61, 40), "tall": (33, 97), "small": (9, 11)}.items():
        y, x = np.mgrid[0:h, 0:w]
        rgb = np.stack([x * 255 // w, y * 255 // h, (x * y * 7) % 256], -1).astype(np.uint8)
        Image.fromarray(rgb).save(HERE / "pictures" / f"{name}.png")


def pixels(file):
    """Shortest edge to SIZE, bicubic, centre crop, CLIP's mean and std."""
    image = Image.open(file).convert("RGB")
    w, h = image.size
    short, long = min(w, h), max(w, h)
    longer = int(SIZE * long / short)
    image = image.resize((SIZE, longer) if w <= h else (longer, SIZE), Image.Resampling.BICUBIC)
    left, top = (image.width - SIZE) // 2, (image.height - SIZE) // 2
    values = np.asarray(image.crop((left, top, left + SIZE, top + SIZE)), np.float64) * (1 / 255)
    mean, std = np.float32([0.48145466, 0.4578275, 0.40821073]), np.float32([0.26862954, 0.26130258, 0.27577711])
    return ((values.astype(np.float32) - mean) / std).transpose(2, 0, 1)[None]


def write(name, value):
    (HERE / name).write_text(json.dumps(value, indent=1) + "\n")


shutil.copy(HERE.parent.parent / "tokenizers" / "clip.json", HERE / "tokenizer.json")
tokenizer = Tokenizer.from_file(str(HERE / "tokenizer.json"))
write("config.json", {"model_type": "clip", "projection_dim": DIMENSION, "matryoshka_dimensions": [8, 16, 24],
                      "text_config": {"max_position_embeddings": POSITIONS, "pad_token_id": 77}})
write("preprocessor_config.json", {
    "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": SIZE}, "resample": 3,
    "do_center_crop": True, "crop_size": {"height": SIZE, "width": SIZE}, "do_rescale": True, "rescale_factor": 1 / 255,
    "do_normalize": True, "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]})
write("tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "model_max_length": POSITIONS, "pad_token": "<|endoftext|>"})
text(tokenizer.get_vocab_size())
vision()
pictures()

tokenizer.no_padding()
tokenizer.enable_truncation(POSITIONS)
run = {p.stem: onnxruntime.InferenceSession(p).run for p in (HERE / "onnx").glob("*.onnx")}
expected = {"texts": [], "pictures": [], "hidden": []}
for value in ["a photo of a dog", "red shoe", "", "two small dogs play with a ball near the river while the children watch them"]:
    ids = np.array([tokenizer.encode(value).ids])
    vector = run["text_model"](None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
    expected["texts"].append({"input": value, "tokens": ids.shape[1], "vector": [round(float(v), 6) for v in vector]})
    i = ids.astype(np.int32)
    states = run["hidden"](None, {"input_ids": i, "attention_mask": np.ones_like(i), "token_type_ids": np.zeros_like(i),
                                  "position_ids": np.arange(i.shape[1], dtype=np.int32)[None]})[0][0]
    expected["hidden"].append({"input": value} | {
        name: [round(float(v), 6) for v in vector] for name, vector in
        (("MEAN", states.mean(0)), ("CLS", states[0]), ("LAST", states[-1]))})
for file in sorted((HERE / "pictures").glob("*.png")):
    vector = run["vision_model"](None, {"pixel_values": pixels(file)})[0][0]
    expected["pictures"].append({"input": file.name, "vector": [round(float(v), 6) for v in vector]})
(HERE / "expected.json").write_text("{\n" + ",\n".join(
    json.dumps(k) + ": [\n" + ",\n".join(json.dumps(v) for v in vs) + "]" for k, vs in expected.items()) + "}\n")
