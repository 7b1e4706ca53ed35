# SPDX-License-Identifier: Apache-2.0
"""Step `export`: the model's folder in the layout of the Hugging Face hub, int8 in onnx/, and the fp32 graphs it was made of in <build>/fp32.

The text tower is quantised dynamically; the picture tower statically on pictograms, because dynamic quantisation does not speed convolutions up.
"""

import json
import random

import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from batches import Data
from settings import DIMENSIONS, INPUT, TOKENS, UNSEEN_STYLE, arguments
from towers import DIMENSION, Text, Vision


def export(module, inputs, names, output, axes, file):
    torch.onnx.export(
        module, inputs, str(file), input_names=names, output_names=[output], dynamic_axes=axes, opset_version=17, dynamo=False
    )
    onnx.checker.check_model(str(file))


class Calibration(CalibrationDataReader):
    """Pictograms of trained styles, every third batch of them dimmed."""

    def __init__(self, data, count):
        rows = [row for row, (style, _) in enumerate(data.rows) if style != UNSEEN_STYLE]
        pixels = data.plain(random.Random(0).sample(rows, min(count, len(rows)))).numpy()
        batches = [pixels[i : i + 32] for i in range(0, len(pixels), 32)]
        self.batches = iter([{"pixel_values": x if i % 3 else x * 0.6 - 0.2} for i, x in enumerate(batches)])

    def get_next(self):
        return next(self.batches, None)


def write(out, name, value):
    (out / name).write_text(json.dumps(value, indent=1) + "\n")


def configuration(out, vocabulary):
    text = {
        "model_type": "clip_text_model", "hidden_size": 192, "num_hidden_layers": 2, "num_attention_heads": 4,
        "max_position_embeddings": TOKENS, "vocab_size": vocabulary, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    write(out, "config.json", {
        "model_type": "clip", "architectures": ["CLIPModel"], "projection_dim": DIMENSION, "text_config": text,
        "vision_config": {"image_size": INPUT, "num_channels": 3},
        "matryoshka_dimensions": sorted(length for length, _ in DIMENSIONS),
    })  # fmt: skip
    square = {"height": INPUT, "width": INPUT}
    write(out, "preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor", "do_convert_rgb": True, "do_resize": True, "size": {"shortest_edge": INPUT},
        "resample": 2, "do_center_crop": True, "crop_size": square, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    })  # fmt: skip
    write(out, "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>",
        "unk_token": "<unk>", "model_max_length": TOKENS, "padding_side": "right",
    })  # fmt: skip


def main():
    given, settings = arguments()
    data = Data(given.build, given.out / "tokenizer.json")
    vocabulary = data.tokenizer.get_vocab_size()
    trained = torch.load(given.build / "towers.pt")
    vision, text = Vision(), Text(vocabulary)
    vision.load_state_dict(trained["vision"])
    text.load_state_dict(trained["text"])
    fp32, int8 = given.build / "fp32", given.out / "onnx"
    fp32.mkdir(exist_ok=True)
    int8.mkdir(parents=True, exist_ok=True)
    batch = {0: "batch_size"}
    export(vision.eval(), (torch.randn(2, 3, INPUT, INPUT),), ["pixel_values"], "image_embeds",
           {"pixel_values": batch, "image_embeds": batch}, fp32 / "vision_model.onnx")  # fmt: skip
    tokens = {0: "batch_size", 1: "sequence_length"}
    export(text.eval(), (torch.randint(4, vocabulary, (2, 9)), torch.ones(2, 9, dtype=torch.long)),
           ["input_ids", "attention_mask"], "text_embeds",
           {"input_ids": tokens, "attention_mask": tokens, "text_embeds": batch}, fp32 / "text_model.onnx")  # fmt: skip
    quantize_dynamic(
        str(fp32 / "text_model.onnx"), str(int8 / "text_model.onnx"), weight_type=QuantType.QInt8, per_channel=True,
        op_types_to_quantize=["MatMul", "Gemm", "Gather"],
    )  # fmt: skip
    prepared = given.build / "vision_prepared.onnx"
    quant_pre_process(str(fp32 / "vision_model.onnx"), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared), str(int8 / "vision_model.onnx"), Calibration(data, settings.calibration), quant_format=QuantFormat.QDQ,
        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
    configuration(given.out, vocabulary)
    for file in sorted(given.out.rglob("*")):
        if file.is_file():
            print(f"export: {file.relative_to(given.out)} {file.stat().st_size}")


if __name__ == "__main__":
    main()
