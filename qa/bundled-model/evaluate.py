# SPDX-License-Identifier: Apache-2.0
"""Step `evaluate`: a pictogram is searched by its name among all of its style. Prints, and writes to <build>/metrics.md, R@1/5/10 in percent
by language and style, of the int8 graphs that are shipped, and what cutting costs."""

import numpy as np

from batches import Data
from golden import Towers
from settings import LANGUAGES, TOKENS, UNSEEN_STYLE, arguments

SHOWN = [UNSEEN_STYLE, "noto", "twemoji"]


def unit(vectors, length):
    cut = vectors[:, :length]
    return cut / np.linalg.norm(cut, axis=1, keepdims=True)


def ranks(similarities, gallery, wanted):
    """Of each query: how many pictograms come before the first right one."""
    order = np.argsort(-similarities, 1)
    return np.array([np.flatnonzero(gallery[row] == want)[0] for row, want in zip(order, wanted)])


def recall(found):
    return "/".join(f"{100 * (found < k).mean():.1f}" for k in (1, 5, 10))


class Gallery:
    def __init__(self, data, towers, style):
        self.concepts, rows = data.of_style(style)
        self.vectors = np.stack([towers.of_pixels(x[None]) for x in data.plain(rows).numpy()])

    def recall(self, data, towers, language, length=256):
        names = data.concepts["names"][language]
        named = np.array([c for c in self.concepts if names[c]["label"]])
        data.tokenizer.no_padding()
        data.tokenizer.enable_truncation(TOKENS)
        texts = np.stack([towers.of_text(e) for e in data.tokenizer.encode_batch([names[c]["label"] for c in named])])
        return recall(ranks(unit(texts, length) @ unit(self.vectors, length).T, self.concepts, named))


def main():
    given, _ = arguments()
    data, towers = Data(given.build, given.out / "tokenizer.json"), Towers(given.out / "onnx")
    galleries = {style: Gallery(data, towers, style) for style in SHOWN}
    lines = [
        "| language | " + " | ".join(f"{style} ({len(galleries[style].concepts)}) R@1/5/10" for style in SHOWN) + " |",
        "|---|" + "---|" * len(SHOWN),
    ]
    for language in LANGUAGES:
        cells = (galleries[style].recall(data, towers, language) for style in SHOWN)
        lines.append(f"| {language} | " + " | ".join(cells) + " |")
    lines.append("")
    for length in (128, 64):
        lines.append(f"{UNSEEN_STYLE}, en, {length} dimensions: {galleries[UNSEEN_STYLE].recall(data, towers, 'en', length)}")
    (given.build / "metrics.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
