# SPDX-License-Identifier: Apache-2.0
"""What ./mvnw verify compares without Python: goldens.py <src/test/resources/models/parity> [family..]

<out>/<family>/model  the same families, as small as they get
<out>/<family>/expected.json  ids and vectors of a few texts and pictures, and every STEP-th float of a picture's pixels
<out>/pictures        the files
"""

import base64
import json
import pathlib
import shutil
import sys

import numpy as np

import families
import generate
import pictures

STEP = 61
LEFT_OUT = {"jina-clip-v1-longest", "jina-clip-v1-squash", "tinyclip"}
"""They differ in what the decoder's own tests have."""

TEXTS = [
    "a photo of a dog", "  A PHOTO of\ta Dog! ", "ein grünes Blatt, e\u0301le\u0300ve ﬁne", "собака и кошка у реки", "صورة لحذاء أحمر", "लाल जूते की तस्वीर", "赤い靴と犬 강아지 红鞋",
    "👩‍👩‍👧‍👦 family 🇩🇪", "don't x\u0000y &amp; <b>", "<|endoftext|> [SEP] </s> <eos>", "red " * 120, "a" * 150]
PICTURES = ["420.jpg", "progressive.jpg", "cmyk.jpg", "exif-6.jpg", "rgba.png", "palette-transparent.png", "gray-16.png", "lossless.webp", "animated.gif", "tiny.png"]


def packed(vector):
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def rows(values):
    return "[\n" + ",\n".join(json.dumps(v, ensure_ascii=False) for v in values) + "]"


def files(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    every = {name: data for kind in pictures.pictures(small=True).values() for name, data in kind.items()}
    every["odd.png"] = pictures.saved(pictures.make.scene(47, 35, 5), "PNG")
    for name in [*PICTURES, "odd.png"]:
        (folder / name).write_bytes(every[name])
    return sorted([*PICTURES, "odd.png"])


def main(out, wanted):
    names = files(out / "pictures")
    for make in families.ALL:
        if make.name in LEFT_OUT or wanted and make.name not in wanted:
            continue
        family = make(small=True)
        place = out / family.name
        shutil.rmtree(place, ignore_errors=True)
        (place / "model").mkdir(parents=True)
        family.write(place / "model")
        for source in place.glob("model/*.model"):
            source.unlink()
        texts = [{
            "text": text, "side": side, "ids": list(map(int, family.ids(text, side))), "vector": packed(family.text(text, side))}
            for side in family.sides for text in TEXTS]
        images = []
        for name in names if family.images else []:
            pixels = family.pixels(generate.opened(out / "pictures" / name))
            images.append({"name": name, "pixels": packed(pixels.reshape(-1)[::STEP]), "vector": packed(family.picture(pixels))})
        (place / "expected.json").write_text(
            f'{{"overrides": {json.dumps(family.overrides)},\n"texts": {rows(texts)},\n"pictures": {rows(images)}}}\n')
        size = sum(f.stat().st_size for f in place.rglob("*") if f.is_file())
        print(f"{family.name}: {len(texts)} texts, {len(images)} pictures, {size // 1000} KB", flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:])
