# SPDX-License-Identifier: Apache-2.0
"""The pictures that are compared: as files, of every kind that a user may send."""

import importlib.util
import io
import pathlib
import struct

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = ROOT / "src" / "test" / "resources" / "image"


def _make():
    """The script that makes the pictures of the decoder's tests; its scenes and headers are used here too."""
    spec = importlib.util.spec_from_file_location("make", IMAGES / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = _make()


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def sixteen_bit(image):
    gray = np.asarray(image.convert("L")).astype(int) * 257
    return make.png(*image.size, 16, 0, [struct.pack(f">{len(row)}H", *row) for row in gray])


def sixteen_bit_color(image):
    rows = np.asarray(image).astype(">u2") * 257 + 11
    return make.png(*image.size, 16, 2, [row.astype(">u2").tobytes() for row in rows])


def pictures(small=False):
    """{kind: {name: bytes}}; small: of a few hundred pixels only, for what is committed."""
    scene, exif = make.scene, make.exif
    big, wide = ((64, 48), (96, 40)) if small else ((640, 427), (500, 375))
    rgb = scene(*big)
    alpha = Image.linear_gradient("L").resize(rgb.size)
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    other = scene(*wide, 7)
    kinds = {
        "jpeg": {
            "420.jpg": saved(rgb, "JPEG", quality=88), "444.jpg": saved(rgb, "JPEG", quality=92, subsampling="4:4:4"),
            "422.jpg": saved(other, "JPEG", quality=75, subsampling="4:2:2"), "quality-20.jpg": saved(other, "JPEG", quality=20)},
        "progressive": {
            "progressive.jpg": saved(rgb, "JPEG", quality=85, progressive=True),
            "progressive-444.jpg": saved(other, "JPEG", quality=90, progressive=True, subsampling="4:4:4")},
        "cmyk": {"cmyk.jpg": saved(rgb.convert("CMYK"), "JPEG", quality=90)},
        "gray": {"gray.jpg": saved(rgb.convert("L"), "JPEG", quality=90), "gray.png": saved(other.convert("L"), "PNG"), "la.png": saved(rgba.convert("LA"), "PNG")},
        "exif": {f"exif-{i}.jpg": saved(other, "JPEG", quality=90, exif=exif(i)) for i in range(1, 9)},
        "rgba": {"rgba.png": saved(rgba, "PNG")},
        "palette": {
            "palette.png": saved(rgb.quantize(200), "PNG"), "palette-transparent.png": saved(rgb.quantize(64), "PNG", transparency=5),
            "palette-alphas.png": saved(other.quantize(128), "PNG", transparency=bytes(range(128)))},
        "bilevel": {"bilevel.png": saved(rgb.convert("1"), "PNG")},
        "16 bit": {"gray-16.png": sixteen_bit(rgb.resize((160, 120)) if not small else rgb), "rgb-16.png": sixteen_bit_color(rgb.resize((160, 120)) if not small else rgb)},
        "webp": {
            "lossy.webp": saved(rgb, "WEBP", quality=80), "lossless.webp": saved(other, "WEBP", lossless=True),
            "alpha.webp": saved(rgba, "WEBP", quality=80), "lossless-alpha.webp": saved(rgba, "WEBP", lossless=True)},
        "gif": {
            "animated.gif": saved(rgb.quantize(64), "GIF", save_all=True, append_images=[rgb.rotate(90).quantize(64)], duration=50),
            "transparent.gif": saved(other.quantize(64), "GIF", transparency=7)},
        "aspect": {
            "1x8.jpg": saved(scene(61, 490, 3), "JPEG", quality=90), "8x1.png": saved(scene(494, 61, 4), "PNG"),
            "odd.png": saved(scene(301, 227, 5), "PNG"), "odd-tall.png": saved(scene(229, 346, 6), "PNG")},
        "small": {"tiny.png": saved(scene(9, 11, 8), "PNG"), "one.png": saved(scene(1, 1), "PNG"), "100x100.jpg": saved(scene(100, 100, 9), "JPEG")},
    }
    if not small:
        kinds["6 MP"] = {"6mp.jpg": saved(scene(600, 400, 11).resize((3000, 2000), Image.Resampling.BICUBIC), "JPEG", quality=85),
                         "6mp.webp": saved(scene(600, 400, 12).resize((3000, 2000), Image.Resampling.BICUBIC), "WEBP", quality=70)}
    return kinds


def decoder_pictures():
    """The files of the decoder's tests, those that Pillow reads."""
    names = [line.split(" ")[0] for line in (IMAGES / "decoded.txt").read_text().splitlines()]
    return {name: (IMAGES / "files" / name).read_bytes() for name in names}
