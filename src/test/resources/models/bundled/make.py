"""What the reference makes of the bundled model: Pillow, tokenizers and ONNX Runtime in Python, every input alone.

The weights are int8: run it on a machine whose processor has VNNI or later, as older ones saturate sums of products.

pip install onnxruntime==1.28.0 tokenizers==0.23.3 pillow==13.0.0 numpy && python make.py
"""

import base64
import json
import pathlib

import numpy as np
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[4]
MODEL = ROOT / "config" / "opensearch-clip-demo-v1"
PICTURES = ROOT / "qa" / "pictures"
SIZE, MAX_TOKENS = 64, 48


def pixels(file):
    """Shortest edge to SIZE, bilinear, centre crop, mean and std 0.5: in the very types of transformers' CLIPImageProcessor
    on Pillow, since a last bit can move an int8 activation by a whole step."""
    image = Image.open(file).convert("RGB")
    w, h = image.size
    longer = int(SIZE * max(w, h) / min(w, h))
    image = image.resize((SIZE, longer) if w <= h else (longer, SIZE), Image.Resampling.BILINEAR)
    left, top = (image.width - SIZE) // 2, (image.height - SIZE) // 2
    values = np.asarray(image.crop((left, top, left + SIZE, top + SIZE)), np.float64) * 0.00392156862745098
    half = np.float32(0.5)
    return ((values.astype(np.float32) - half) / half).transpose(2, 0, 1)[None]


def packed(vector):
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
tokenizer.enable_truncation(MAX_TOKENS)
text, vision = (onnxruntime.InferenceSession(MODEL / "onnx" / f"{name}_model.onnx") for name in ("text", "vision"))
catalog = json.loads((PICTURES / "pictures.json").read_text())
titles = catalog[0]["title"]
texts = [catalog[i * 7]["title"][language] for i, language in enumerate(titles)]
texts += ["", "👩‍👩‍👧‍👦", "ﬁne ﬂour №５", "a" * 300, "red shoe " * 200, "عربي עברית"]
pictures = [f"{style}/{catalog[i]['id']}.png" for i in (0, 31, 77, 120, 199) for style in ("noto", "openmoji")]

lines = {"texts": [], "pictures": []}
for value in texts:
    ids = np.array([tokenizer.encode(value).ids])
    vector = text.run(["text_embeds"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
    lines["texts"].append({"input": value, "ids": ids[0].tolist(), "vector": packed(vector)})
for name in pictures:
    vector = vision.run(["image_embeds"], {"pixel_values": pixels(PICTURES / name)})[0][0]
    lines["pictures"].append({"input": name, "vector": packed(vector)})
(HERE / "expected.json").write_text("{\n" + ",\n".join(
    json.dumps(k) + ": [\n" + ",\n".join(json.dumps(v) for v in vs) + "]" for k, vs in lines.items()) + "}\n")
