# SPDX-License-Identifier: Apache-2.0
"""A model whose vectors say what they were made of: digits of a text, the colour of a picture. And a word that makes its run fail.

A text is a number of six digits, each a word of its own place (`b7`: 7 at the second place), among words that say nothing. Its vector has a one for each
of the six. A picture of one colour is a number of 24 bits. So a vector that went to the wrong document is found by looking at it.
"""

import json
import random
import shutil
import struct
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

DIMENSION, PLACES, EDGE = 64, "abcdef", 8
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
DIGITS = [f"{place}{digit}" for place in PLACES for digit in range(10)]
FILLERS = ["red", "green", "blue", "small", "large"]
POISON = "poison"  # its token is behind the end of the table, which ends the run
WORDS = SPECIAL + DIGITS + FILLERS + [POISON]


def text(number, rng):
    """From 6 to 46 words, so that batches are padded."""
    words = [f"{place}{digit}" for place, digit in zip(PLACES, f"{number:06}")]
    words += rng.choices(FILLERS, k=rng.choice((0, 1, 5, 40)))
    rng.shuffle(words)
    return " ".join(words)


def number_of_text(vector):
    """-1: it is no fingerprint."""
    digits = [max(range(10), key=lambda d: vector[10 * place + d]) for place in range(len(PLACES))]
    right = {10 * place + digit for place, digit in enumerate(digits)}
    share = len(PLACES) ** -0.5
    if any(abs(v - (share if i in right else 0)) > 1e-4 for i, v in enumerate(vector)):
        return -1
    return int("".join(map(str, digits)))


def picture(number, rng):
    """A PNG of one colour."""
    edge = rng.choice((EDGE, EDGE, 3 * EDGE, 61))
    rows = (b"\0" + number.to_bytes(3, "big") * edge) * edge

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)) \
        + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def number_of_picture(vector):
    if vector[3] <= 0 or any(abs(v) > 1e-4 for v in vector[4:]):
        return -1
    levels = [255 * v / vector[3] for v in vector[:3]]
    if any(abs(v - round(v)) > 0.05 for v in levels):
        return -1
    return int.from_bytes(bytes(round(v) for v in levels), "big")


def make(folder):
    import numpy as np
    from graphs import FLOAT, INT64, Graph
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def write(name, value):
        (folder / name).write_text(json.dumps(value, indent=1) + "\n")

    write("config.json", {"model_type": "clip", "projection_dim": DIMENSION, "vision_config": {"image_size": EDGE},
                          "text_config": {"max_position_embeddings": 64, "pad_token_id": 0, "vocab_size": len(WORDS)}})
    write("preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": EDGE}, "resample": 3, "do_center_crop": True,
        "crop_size": {"height": EDGE, "width": EDGE}, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": False})
    write("tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "model_max_length": 64, "do_lower_case": True, "pad_token": "[PAD]",
                                    "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"})
    special = {t: {"id": t, "ids": [WORDS.index(t)], "tokens": [t]} for t in ("[CLS]", "[SEP]")}
    write("tokenizer.json", {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
                         for i, t in enumerate(SPECIAL)],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "special_tokens": special,
                           "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                                      {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                           "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                                    {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                                    {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": {w: i for i, w in enumerate(WORDS)}}})
    g = Graph(0)
    ids, mask = (g.input(n, INT64, "batch", "length") for n in ("input_ids", "attention_mask"))
    table = np.zeros((len(WORDS) - 1, DIMENSION), np.float32)
    for i, word in enumerate(DIGITS):
        table[WORDS.index(word), i] = 1
    rows = g.node("Mul", g.node("Gather", g.put(table), ids), g.node("Unsqueeze", g.node("Cast", mask, to=FLOAT), g.ints(2)))
    g.output("text_embeds", g.node("ReduceSum", rows, g.ints(1), keepdims=0), "batch", DIMENSION)
    g.save(folder / "onnx/text_model.onnx")
    g = Graph(0)
    colour = g.node("Flatten", g.node("GlobalAveragePool", g.input("pixel_values", FLOAT, "batch", 3, EDGE, EDGE)))
    spread, one = np.zeros((3, DIMENSION), np.float32), np.zeros(DIMENSION, np.float32)
    spread[[0, 1, 2], [0, 1, 2]], one[3] = 1, 1
    g.output("image_embeds", g.node("Add", g.node("MatMul", colour, g.put(spread)), g.put(one)), "batch", DIMENSION)
    g.save(folder / "onnx/vision_model.onnx")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
    rng = random.Random(1)
    print(text(123456, rng), len(picture(123456, rng)))
