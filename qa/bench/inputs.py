# SPDX-License-Identifier: Apache-2.0
"""What is embedded: photographs of the repository in several sizes and formats, and texts whose lengths are log-normal."""

import base64
import io
import json
import random
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOGRAPHS = Path(__file__).resolve().parents[1] / "pictures/photographs"
# name: (width, height, options of Pillow, how many different ones)
PICTURES = {
    "JPEG 500x375": (500, 375, {"format": "JPEG", "quality": 90}, 48),
    "progressive 500x375": (500, 375, {"format": "JPEG", "quality": 90, "progressive": True}, 48),
    "PNG 500x375": (500, 375, {"format": "PNG"}, 48),
    "WebP 500x375": (500, 375, {"format": "WEBP", "quality": 85}, 48),
    "JPEG 1024x768": (1024, 768, {"format": "JPEG", "quality": 90}, 48),
    "JPEG 12 MP": (4000, 3000, {"format": "JPEG", "quality": 85}, 6),
}
LONGEST = 256  # tokens of MiniLM


def pictures(name):
    """As base64. Grain of one level keeps what was enlarged from being smoother than a photograph is."""
    width, height, options, count = PICTURES[name]
    files = sorted(PHOTOGRAPHS.glob("*.jpg"))
    if not files:
        raise SystemExit(f"no photographs in {PHOTOGRAPHS}")
    noise = np.random.default_rng(5)
    made = []
    for i in range(count):
        image = Image.open(files[i % len(files)]).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
        grain = noise.normal(0, 1, (height, width, 1)).astype(np.float32)
        pixels = np.clip(np.asarray(image, np.float32) + grain, 0, 255).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, **options)
        made.append(base64.b64encode(out.getvalue()).decode())
    return made


def words(tokenizer_json):
    """Words that are one token each."""
    vocabulary = json.loads(Path(tokenizer_json).read_text())["model"]["vocab"]
    return sorted(w for w in vocabulary if w.isascii() and w.isalpha() and w.islower() and len(w) > 2)


def texts(known, count, seed=11):
    """Log-normal lengths, 103 tokens in the mean before they are cut at what the model takes."""
    rng = random.Random(seed)
    return [" ".join(rng.choices(known, k=max(1, min(LONGEST - 2, round(rng.lognormvariate(4.27, 0.85)))))) for _ in range(count)]


def question(known, rng):
    return " ".join(rng.choices(known, k=rng.randint(3, 9)))
