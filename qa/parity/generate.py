# SPDX-License-Identifier: Apache-2.0
"""Makes the models and what the reference says about every input: generate.py <out> [family..]

<out>/<family>/model         the folder, as the hub has it
<out>/<family>/reference.json  ids and vectors of every text and picture
<out>/<family>/pixels/<name>   the floats that the reference feeds its picture tower, little-endian
<out>/pictures/<name>        the files
"""

import json
import pathlib
import shutil
import sys
import warnings

import numpy as np
from PIL import Image, ImageOps

import families
import pictures
import texts

warnings.filterwarnings("ignore")


def opened(file):
    """As transformers.image_utils.load_image: upright, then RGB, transparency forgotten."""
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    image.info.pop("transparency", None)
    return image


def text_reference(family):
    rows = []
    for side in family.sides:
        for kind, text in texts.all_texts():
            other, why = family.other_text(text)
            rows.append({
                "other": other, "why": why, "kind": kind, "text": text, "side": side, "prompt": family.sides[side], "ids": list(map(int, family.ids(text, side))),
                "vector": family.text(text, side).tolist()})
    return rows


def picture_reference(family, files, folder):
    rows = []
    for kind, names in files.items():
        for name in names:
            pixels = family.pixels(opened(folder / name))
            out = folder.parent / family.name / "pixels" / f"{name}.f32"
            out.write_bytes(pixels.astype("<f4").tobytes())
            other, why = family.otherwise(folder / name, pixels)
            rows.append({
                "kind": kind, "name": name, "pixels": str(out), "vector": family.picture(pixels).tolist(),
                "other": None if other is None else family.picture(other).tolist(), "why": why})
    return rows


def alike(vectors):
    """The median cosine of two different inputs: what a mix-up would look like."""
    units = np.array([np.array(v) / np.linalg.norm(v) for v in vectors])
    return float(np.median((units @ units.T)[np.triu_indices(len(units), 1)]))


def main(out, wanted):
    files = pictures.pictures()
    decoder = pictures.decoder_pictures()
    folder = out / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in [*decoder.items(), *(item for kind in files.values() for item in kind.items())]:
        (folder / name).write_bytes(data)
    for make in families.ALL:
        if wanted and make.name not in wanted:
            continue
        family = make()
        place = out / family.name
        shutil.rmtree(place, ignore_errors=True)
        (place / "model").mkdir(parents=True)
        (place / "pixels").mkdir()
        family.write(place / "model")
        reference = {"overrides": family.overrides, "dimensions": family.dimensions, "texts": text_reference(family), "pictures": []}
        if family.images:
            every = files | ({"decoder": decoder} if make is families.ALL[0] else {})
            reference["pictures"] = picture_reference(family, every, folder)
        for kind in ("texts", "pictures"):
            if reference[kind] and alike([row["vector"] for row in reference[kind]]) > 0.99:
                raise AssertionError(f"{family.name}: the {kind} are all alike, a comparison would show nothing")
        (place / "reference.json").write_text(json.dumps(reference))
        print(f"{family.name}: {len(reference['texts'])} texts, {len(reference['pictures'])} pictures", flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:])
