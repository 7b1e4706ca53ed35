# SPDX-License-Identifier: Apache-2.0
"""Step `classes`: a vector for each class, `<build>/classes.npy`, float64 [classes][384].

It begins as the mean of the texts of the class (its usual name in the prompts) less the mean of all classes. Then all the classes are moved together until texts choose
among them as WordNet says: a name its class, a kind ("musical instrument") evenly what belongs to it; a pull towards where they began keeps what the
sentence encoder knows of words that are not in there. Texts alone: no photograph is used. The text tower stays as it is, and so does what it says of two texts.
"""

import numpy as np

import settings
import wordnet
from sentences import Sentences


def texts(names):
    return [prompt.format(name=name, a="an" if name[0].lower() in "aeiou" else "a") for name in names[: settings.SYNONYMS] for prompt in settings.PROMPTS]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fit(start, asked, wanted, weights):
    """Adam on all texts at once. `asked`: vectors of texts; `wanted`: for each, which classes it means, adding up to 1."""
    rows = start.copy()
    first, second = np.zeros_like(rows), np.zeros_like(rows)
    for step in range(1, settings.STEPS + 1):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        directions = rows / lengths
        logits = settings.SHARPNESS * (asked @ directions.T)
        chosen = np.exp(logits - logits.max(1, keepdims=True))
        chosen /= chosen.sum(1, keepdims=True)
        slope = settings.SHARPNESS * (((chosen - wanted) * weights[:, None]).T @ asked)
        slope = (slope - (slope * directions).sum(1, keepdims=True) * directions) / lengths
        slope += settings.PULL * (rows - start)
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        rows -= settings.RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return rows


def main():
    given = settings.arguments()
    known = wordnet.classes(given.packages, settings.LARGEST_KIND)
    encoder = Sentences(given.out / "onnx" / "text_model.onnx", given.out / "tokenizer.json")
    asked, meant = [], []
    for index, names in enumerate(known.names):
        for text in texts(names):
            asked.append(text)
            meant.append([index])
    for names, members in known.kinds:
        for text in texts(names):
            asked.append(text)
            meant.append(members)
    vectors = np.array([encoder.of(text) for text in asked], np.float64)
    wanted = np.zeros((len(asked), settings.CLASSES))
    for row, members in enumerate(meant):
        wanted[row, members] = 1 / len(members)
    names = sum(len(texts(one)) for one in known.names)
    weights = np.concatenate([np.full(names, 1 / names), np.full(len(asked) - names, settings.KINDS / (len(asked) - names))])
    usual = [meant.index([index]) for index in range(settings.CLASSES)]  # where the texts of its first name begin
    start = unit(np.array([vectors[row : row + len(settings.PROMPTS)].mean(0) for row in usual]))
    np.save(given.build / "classes.npy", fit(start - start.mean(0), vectors, wanted, weights))
    print(f"classes: {names} texts of {settings.CLASSES} classes, {len(asked) - names} of {len(known.kinds)} kinds")


if __name__ == "__main__":
    main()
