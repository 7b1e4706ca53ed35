# SPDX-License-Identifier: Apache-2.0
"""Step `golden`: texts and photographs with the vectors that Python makes of them, for `POST /_plugins/_clip/models/{id}/_verify`: tokenizers, Pillow and ONNX
Runtime on one thread, each input alone. The text tower has 8 bits, so another processor moves its vectors a little; the picture tower computes in floats."""

import base64
import io
import json
import pathlib

import numpy as np
import onnxruntime
from PIL import Image

import settings
from sentences import Sentences

PICTURES = pathlib.Path(__file__).parent.parent / "pictures" / "photographs"

TEXTS = [
    "dog", "a kitten", "A photo of a red apple!", "something to drink", "musical instrument", "sailing on the sea", "a bird of prey", "car", "automobile",
    "an old stone building", "tools for a carpenter", "breakfast", "fish in a coral reef", "42", "naïve café", "犬", "🐕", "The quick brown fox jumps over the lazy dog. " * 40,
]  # fmt: skip

# Wide, tall and smaller than the input of the tower; the kinds of files that need no native decoder.
FILES = [
    ("cow", "jpeg", 75, 160), ("iron-tower", "jpeg", 85, 180), ("coffee", "jpeg", 80, 110), ("clownfish", "png", None, 90),
    ("pliers", "png", None, 90), ("statue", "gif", None, 100), ("dog", "bmp", None, 64),
]  # fmt: skip


def encode(name, kind, quality, edge):
    picture = Image.open(PICTURES / f"{name}.jpg").convert("RGB")
    picture.thumbnail((edge * 2, edge * 2) if kind == "jpeg" else (edge, edge), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": quality} if quality else {"optimize": True} if kind == "png" else {}))
    return out.getvalue()


def pixels(data):
    """As CLIPImageProcessor on Pillow, in the types that it has: float32 [1][3][INPUT][INPUT]."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    short, long = sorted(picture.size)
    other = int(settings.EDGE * long / short)
    picture = picture.resize((settings.EDGE, other) if picture.width <= picture.height else (other, settings.EDGE), Image.Resampling.BICUBIC)
    left, top = (picture.width - settings.INPUT) // 2, (picture.height - settings.INPUT) // 2
    values = np.asarray(picture.crop((left, top, left + settings.INPUT, top + settings.INPUT)), np.float64) * (1 / 255)
    half = np.float32(0.5)
    return ((values.astype(np.float32) - half) / half).transpose(2, 0, 1)[None]


def rows(name, values, end):
    """One value a line: a change can be read."""
    return f"  {json.dumps(name)}: [\n    " + ",\n    ".join(json.dumps(v, ensure_ascii=False, separators=(",", ":")) for v in values) + f"\n  ]{end}\n"


def main():
    given = settings.arguments()
    text = Sentences(given.out / "onnx" / "text_model.onnx", given.out / "tokenizer.json")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    vision = onnxruntime.InferenceSession(str(given.out / "onnx" / "vision_model.onnx"), options, providers=["CPUExecutionProvider"])
    inputs, vectors = [], []
    for one in TEXTS:
        inputs.append({"text": one})
        vectors.append(text.of(one))
    for file in FILES:
        data = encode(*file)
        inputs.append({"image": base64.b64encode(data).decode()})
        vector = vision.run(["image_embeds"], {"pixel_values": pixels(data)})[0][0]
        vectors.append(vector / np.linalg.norm(vector))
    head = {"reference": f"onnxruntime {onnxruntime.__version__}, Pillow {Image.__version__}, AVX-512 with VNNI", "variant": "int8", "expected": {"int8": 0.99}}
    out = given.out / "golden.json"
    out.write_text(
        "{\n" + "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()) + rows("inputs", inputs, ",")
        + rows("embeddings", [[round(float(x), 5) for x in vector] for vector in vectors], "") + "}\n", encoding="utf-8",
    )  # fmt: skip
    print(f"golden: {len(TEXTS)} texts, {len(FILES)} photographs, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
