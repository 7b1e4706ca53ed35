# SPDX-License-Identifier: Apache-2.0
"""Step `golden`: inputs, and the vectors that the fp32 weights make of them, for `POST /_plugins/_clip/models/{id}/_verify`.

    golden.py --model FOLDER --fp32 FOLDER [--variant int8]

FOLDER of --model gets a `golden.json`. Texts in the 16 languages of the model and pictures in the formats that a node decodes. Python is the
reference: the tokenizers library, Pillow, ONNX Runtime on one thread, each input alone.
"""

import argparse
import base64
import io
import json
import pathlib

import numpy as np
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer

PICTURES = pathlib.Path(__file__).parent.parent / "pictures" / "noto"

TEXTS = [
    "a dog", "red apple", "A photo of a Guitar!", "vehicle with two wheels", "something to drink",
    "ein Schmetterling", "Fliegenpilz", "une voiture rouge", "château", "una bolsa de dinero", "cocodrilo",
    "avocado", "una farfalla", "uma xícara de café", "een zeilboot", "żółta cytryna", "fjäril", "собака", "красная машина",
    "犬の写真", "りんご", "강아지", "기타 치는 사람", "一只猫", "红苹果", "पांडा का चेहरा", "con bướm", "ไพ่นกกระจอก",
    "🐕", "fl\u0065\u0301au \ufb01g", "dog " * 60,
]  # fmt: skip

# Wide, tall, smaller and larger than the input of the tower; every kind of file.
FILES = [
    ("1F34E", "png", None), ("1F415", "png", None), ("1F697", "png", (48, 48)), ("1F3B8", "png", None),
    ("1F98B", "jpeg", (300, 200)), ("2615", "jpeg", (90, 240)), ("1F4B0", "webp", None), ("1F40A", "webp lossless", (200, 133)),
    ("1F3F0", "gif", None), ("1F408", "bmp", (40, 64)),
]  # fmt: skip


def encode(name, kind, size):
    picture = Image.open(PICTURES / f"{name}.png")
    if size or kind not in ("png", "gif"):
        picture = picture.convert("RGB")
    if size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    options = {"jpeg": {"quality": 85}, "webp": {"quality": 80}, "webp lossless": {"lossless": True}}.get(kind, {"optimize": True})
    picture.save(out, kind.split()[0], **options)
    return out.getvalue()


def pixels(data, config):
    """As CLIPImageProcessor on Pillow: the shortest edge to `size`, the middle, rescaled and normalised; float32 [1][3][h][w]."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    edge, crop = config["size"]["shortest_edge"], config["crop_size"]
    short, long = sorted(picture.size)
    other = int(edge * long / short)
    picture = picture.resize((edge, other) if picture.width <= picture.height else (other, edge), config["resample"])
    left, top = (picture.width - crop["width"]) // 2, (picture.height - crop["height"]) // 2
    picture = picture.crop((left, top, left + crop["width"], top + crop["height"]))
    values = np.asarray(picture, np.float64) * config["rescale_factor"]
    values = (values - config["image_mean"]) / config["image_std"]
    return values.transpose(2, 0, 1)[None].astype(np.float32)


class Towers:
    """Both graphs of a folder on one thread."""

    def __init__(self, graphs):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        open_graph = lambda name: onnxruntime.InferenceSession(
            str(graphs / f"{name}_model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.text, self.vision = open_graph("text"), open_graph("vision")

    def of_text(self, encoding):
        inputs = {"input_ids": np.array([encoding.ids], np.int64), "attention_mask": np.array([encoding.attention_mask], np.int64)}
        return self.text.run(["text_embeds"], inputs)[0][0]

    def of_pixels(self, values):
        return self.vision.run(["image_embeds"], {"pixel_values": values})[0][0]


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--model", type=pathlib.Path, required=True, help="the model's folder")
    arguments.add_argument("--fp32", type=pathlib.Path, required=True, help="folder of the graphs that are the reference")
    arguments.add_argument("--variant", default="int8", help="what the weights without suffix in the model's folder are")
    given = arguments.parse_args()

    tokenizer = Tokenizer.from_file(str(given.model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(json.loads((given.model / "tokenizer_config.json").read_text())["model_max_length"])
    config = json.loads((given.model / "preprocessor_config.json").read_text())
    reference, shipped = Towers(given.fp32), Towers(given.model / "onnx")

    inputs, vectors, cosines = [], [], {"text": [], "image": []}
    for text in TEXTS:
        encoding = tokenizer.encode(text)
        inputs.append({"text": text})
        vectors.append(reference.of_text(encoding))
        cosines["text"].append(cosine(vectors[-1], shipped.of_text(encoding)))
    for name, kind, size in FILES:
        data = encode(name, kind, size)
        inputs.append({"image": base64.b64encode(data).decode()})
        vectors.append(reference.of_pixels(pixels(data, config)))
        cosines["image"].append(cosine(vectors[-1], shipped.of_pixels(pixels(data, config))))

    golden = {
        "reference": f"fp32 weights, onnxruntime {onnxruntime.__version__}, Pillow {Image.__version__}",
        "variant": given.variant,
        "expected": {given.variant: 0.98},
        "inputs": inputs,
        "embeddings": [[round(float(x), 3) for x in vector] for vector in vectors],
    }
    # one input, one vector a line: a change can be read
    lines = ["{"]
    for key in ("reference", "variant", "expected"):
        lines.append(f"  {json.dumps(key)}: {json.dumps(golden[key])},")
    for key, end in (("inputs", ","), ("embeddings", "")):
        rows = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in golden[key])
        lines.append(f"  {json.dumps(key)}: [\n    " + ",\n    ".join(rows) + f"\n  ]{end}")
    out = given.model / "golden.json"
    out.write_text("\n".join(lines) + "\n}\n", encoding="utf-8")
    for kind, values in cosines.items():
        worst = int(np.argmin(values))
        print(f"golden {kind}: {len(values)} inputs, {given.variant} to fp32: worst cosine {values[worst]:.6f} (#{worst}), mean {np.mean(values):.6f}")
    print(f"golden: {out} {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
