# SPDX-License-Identifier: Apache-2.0
"""Step `pictures`: every pictogram of every style as pixels.

Makes pictures.json ([style, code points] a row), pictures96.bin (uint8 RGBA) and pictures72.bin (uint8 RGBA, colour multiplied by alpha).
"""

import io
import json
import re
import unicodedata

import numpy as np
import resvg_py
import torch
import torch.nn.functional as F
from PIL import Image

from settings import RENDERED, STORED, STYLES, arguments


def code_points(hexcode):
    """As the sets spell them: lower case, no variation selector, no leading zeros."""
    return "-".join(part.lstrip("0") for part in hexcode.lower().split("-") if part != "fe0f")


def slug(label):
    plain = "".join(c for c in unicodedata.normalize("NFD", label.lower()) if not "\u0300" <= c <= "\u036f")
    plain = re.sub("[’'.“”\"!(),]", "", plain).replace("&", "and")
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")


class Style:
    """One set of pictograms as Iconify packs it."""

    def __init__(self, folder):
        self.icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        characters = json.loads((folder / "chars.json").read_text(encoding="utf-8"))
        self.names = {code_points(code): name for code, name in characters.items()}

    def icon(self, name):
        for _ in range(4):  # an alias of an alias
            if name in self.icons["icons"]:
                return self.icons["icons"][name]
            alias = self.icons.get("aliases", {}).get(name)
            if alias is None:
                return None
            name = alias["parent"]
        return None

    def svg(self, icon):
        get = lambda key, fallback: icon.get(key) or self.icons.get(key) or fallback
        width, height, left, top = get("width", 16), get("height", 16), get("left", 0), get("top", 0)
        side = max(width, height)
        box = f"{left - (side - width) / 2} {top - (side - height) / 2} {side} {side}"
        body = icon["body"].replace("currentColor", "#000")
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{side}" height="{side}" viewBox="{box}">{body}</svg>'
        )


def render(svg):
    png = resvg_py.svg_to_bytes(svg_string=svg, width=RENDERED, height=RENDERED, skip_system_fonts=True)
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    if picture.size != (RENDERED, RENDERED):
        raise ValueError(f"rendered as {picture.size}")
    return picture.tobytes()


def shrink(build, count):
    """Multiplied by alpha before it is averaged, so that what is transparent has no colour."""
    large = np.memmap(build / "pictures96.bin", np.uint8, "r", shape=(count, RENDERED, RENDERED, 4))
    small = np.memmap(build / "pictures72.bin", np.uint8, "w+", shape=(count, STORED, STORED, 4))
    for i in range(0, count, 512):
        x = torch.from_numpy(large[i : i + 512].copy()).permute(0, 3, 1, 2).float()
        x = torch.cat([x[:, :3] * x[:, 3:] / 255, x[:, 3:]], 1)
        x = F.interpolate(x, size=(STORED, STORED), mode="bilinear", antialias=True, align_corners=False)
        small[i : i + 512] = x.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    small.flush()


def main():
    given, settings = arguments()
    emoji = json.loads((given.packages / "emojibase-data/en/data.json").read_text(encoding="utf-8"))[: settings.concepts]
    styles = {name: Style(given.packages / "@iconify-json" / name) for name in STYLES}
    rows, failed = [], 0
    with open(given.build / "pictures96.bin", "wb") as pixels:
        for name, style in styles.items():
            before = len(rows)
            for one in emoji:
                code = code_points(one["hexcode"])
                # a set that does not list a character by its code points mostly has it under the name of another set
                others = [styles[other].names.get(code) for other in ("noto", "fluent-emoji-flat", "twemoji")]
                candidates = [style.names.get(code), *others, slug(one["label"])]
                icon = next((found for c in candidates if c and (found := style.icon(c))), None)
                if icon is None:
                    continue
                try:
                    pixels.write(render(style.svg(icon)))
                    rows.append([name, one["hexcode"]])
                except Exception as e:  # a picture that the renderer refuses is one picture less
                    failed += 1
                    print(f"pictures: {name} {one['hexcode']}: {e}")
            print(f"pictures: {name} {len(rows) - before}", flush=True)
    (given.build / "pictures.json").write_text(json.dumps(rows))
    shrink(given.build, len(rows))
    print(f"pictures: {len(rows)} rendered, {failed} refused")


if __name__ == "__main__":
    main()
