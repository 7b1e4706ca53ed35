# SPDX-License-Identifier: Apache-2.0
"""What the steps share: names, sizes, and how long to train. `--smoke` takes SMOKE, which shows that everything runs and makes no use-worthy model."""

import argparse
import dataclasses
import pathlib

LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "ru", "ja", "ko", "zh", "hi", "vi", "th"]

TRAINED_STYLES = ["noto", "noto-v1", "twemoji", "fluent-emoji", "fluent-emoji-flat", "emojione"]
UNSEEN_STYLE = "openmoji"  # only ever evaluated on
STYLES = TRAINED_STYLES + [UNSEEN_STYLE]

RENDERED = 96  # px, kept for evaluation and calibration
STORED = 72  # px, what training crops from
INPUT = 64  # px, of the picture tower
TOKENS = 48  # of the text tower
TRAINED_TOKENS = 14  # the longest name; positions beyond are seldom seen
DIMENSIONS = [(256, 1.0), (128, 0.5), (64, 0.5)]  # Matryoshka lengths and their weight in the loss


@dataclasses.dataclass(frozen=True)
class Round:
    """Both towers together, then the text tower alone against the pictures' prototypes."""

    joint: int  # steps
    text: int  # steps
    rate: float  # of learning, at its height
    first_resolution: int  # px, until `switch`
    switch: float  # share of the joint steps


@dataclasses.dataclass(frozen=True)
class Settings:
    concepts: int | None  # the first so many, None = all
    vocabulary: int
    rounds: tuple
    batch: int  # concepts of a joint step, two pictures and two texts each
    text_batch: int
    calibration: int  # pictures


FULL = Settings(
    concepts=None,
    vocabulary=12288,
    rounds=(
        Round(joint=2600, text=700, rate=1.5e-3, first_resolution=48, switch=0.65),
        Round(joint=5200, text=700, rate=1.2e-3, first_resolution=56, switch=0.55),
    ),
    batch=104,
    text_batch=512,
    calibration=320,
)

SMOKE = Settings(
    concepts=80,
    vocabulary=2000,
    rounds=(
        Round(joint=25, text=15, rate=1.5e-3, first_resolution=48, switch=0.65),
        Round(joint=10, text=10, rate=1.2e-3, first_resolution=56, switch=0.55),
    ),
    batch=24,
    text_batch=64,
    calibration=32,
)


def arguments():
    """The arguments of every step: where things are, and which settings."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder for what is made on the way")
    parser.add_argument("--packages", type=pathlib.Path, required=True, help="node_modules")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the model's folder")
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    given.build.mkdir(parents=True, exist_ok=True)
    return given, SMOKE if given.smoke else FULL
