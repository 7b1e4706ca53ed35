# SPDX-License-Identifier: Apache-2.0
"""Step `export`: the picture tower and the configuration files. The picture tower is the network, a softmax, and the mean of the classes' vectors weighted by it
(ConSE: Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", 2013)."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper

import settings
from network import Network
from weights import load


def tower(weights, classes):
    network = Network(weights)
    chosen = network.op("Softmax", network.logits("pixel_values"), axis=1)
    network.nodes.append(helper.make_node("MatMul", [chosen, network.halved(classes)], ["image_embeds"]))
    graph = helper.make_graph(
        network.loading + network.nodes, "photographs",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, settings.INPUT, settings.INPUT])],
        [helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["batch", settings.DIMENSION])],
        network.constants,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="opensearch-clip")
    onnx.checker.check_model(model)
    return model


def write(out, name, value):
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text(json.dumps(value, indent=1) + "\n")


def main():
    given = settings.arguments()
    (checkpoint,) = (given.packages / settings.NETWORK / "models").glob("*.pth")
    model = tower(load(checkpoint), np.load(given.build / "classes.npy"))
    file = given.out / "onnx" / "vision_model.onnx"
    file.write_bytes(model.SerializeToString(deterministic=True))
    write(given.out, "config.json", {
        "model_type": "clip", "architectures": ["CLIPModel"], "projection_dim": settings.DIMENSION, "logit_scale": settings.LOGIT_SCALE,
        "text_config": {"model_type": "bert", "hidden_size": settings.DIMENSION, "max_position_embeddings": 512, "vocab_size": 30522, "pad_token_id": 0},
        "vision_config": {"image_size": settings.INPUT, "num_channels": 3},
    })  # fmt: skip
    write(given.out, "preprocessor_config.json", {
        "do_resize": True, "size": {"shortest_edge": settings.EDGE}, "resample": 3,
        "do_center_crop": True, "crop_size": {"height": settings.INPUT, "width": settings.INPUT},
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
    })  # fmt: skip
    write(given.out, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": settings.TOKENS, "pad_token": "[PAD]"})
    write(given.out, "1_Pooling/config.json", {"word_embedding_dimension": settings.DIMENSION, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True})
    print(f"export: {file} {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
