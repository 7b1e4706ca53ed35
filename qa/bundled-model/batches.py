# SPDX-License-Identifier: Apache-2.0
"""What the towers see: names drawn as people write them, and pictograms as if photographed, framed and drawn by others."""

import json
import random

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from settings import INPUT, LANGUAGES, RENDERED, STORED, TRAINED_STYLES, TRAINED_TOKENS

SYMBOLS = {"8", "9"}  # groups of emojibase that a mirror makes wrong: symbols and flags

PHRASES = {
    "en": ["a photo of {}", "a picture of a {}", "an icon of {}", "{} icon", "image of {}", "something with {}", "the {}",
           "a {}", "this is a {}", "drawing of {}", "{} emoji"],
    "de": ["ein bild von {}", "foto: {}", "etwas mit {}"], "fr": ["une image de {}", "dessin de {}"],
    "es": ["una imagen de {}", "foto de {}"], "it": ["una foto di {}"], "pt": ["uma imagem de {}"],
    "ja": ["{}の写真", "{}の絵"], "zh": ["{}的图片"], "ru": ["фото {}", "картинка {}"],
}  # fmt: skip


class Data:
    """What the steps before this one have made."""

    def __init__(self, build, tokenizer):
        self.concepts = json.loads((build / "concepts.json").read_text(encoding="utf-8"))
        self.rows = json.loads((build / "pictures.json").read_text())
        count = len(self.rows)
        self.rendered = np.memmap(build / "pictures96.bin", np.uint8, "r", shape=(count, RENDERED, RENDERED, 4))
        self.stored = np.fromfile(build / "pictures72.bin", np.uint8).reshape(count, STORED, STORED, 4)
        self.position = {code: i for i, code in enumerate(self.concepts["codes"])}
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.enable_padding(pad_id=0, pad_token="<pad>")
        self.pictures = {}  # concept -> its rows in trained styles
        for row, (style, code) in enumerate(self.rows):
            if code in self.position and style in TRAINED_STYLES:
                self.pictures.setdefault(self.position[code], []).append(row)
        self.trained = sorted(self.pictures)

    def tokens(self, texts, longest):
        self.tokenizer.enable_truncation(longest)
        encoded = self.tokenizer.encode_batch(texts)
        return torch.tensor([e.ids for e in encoded]), torch.tensor([e.attention_mask for e in encoded])

    def of_style(self, style):
        """(concepts, rows) of all pictograms of a style."""
        found = [(self.position[code], row) for row, (s, code) in enumerate(self.rows) if s == style and code in self.position]
        return np.array([c for c, _ in found], int), [row for _, row in found]

    def plain(self, rows):
        """As preprocessing makes them of a pictogram on white: float32 [n][3][64][64] in [-1, 1]."""
        out = []
        for i in range(0, len(rows), 256):
            x = torch.from_numpy(np.stack([self.rendered[r] for r in rows[i : i + 256]])).permute(0, 3, 1, 2).float() / 255
            x = x[:, :3] * x[:, 3:] + 1 - x[:, 3:]
            x = F.interpolate(x, size=(INPUT, INPUT), mode="bilinear", antialias=True, align_corners=False)
            out.append((x - 0.5) / 0.5)
        return torch.cat(out)


class Texts:
    """Draws a text for a concept, together with all concepts that the text is true of."""

    def __init__(self, data):
        self.names, self.groups = data.concepts["names"], data.concepts["groups"]
        self.group, self.subgroup = data.concepts["group"], data.concepts["subgroup"]
        self.true_of = {}
        for language in LANGUAGES:
            for c, name in enumerate(self.names[language]):
                terms = [name["label"], *name["tags"]]
                terms += [self.groups[language]["groups"][self.group[c]], self.groups[language]["subgroups"][self.subgroup[c]]]
                for term in terms:
                    self.true_of.setdefault(term, set()).add(c)

    def draw(self, concept):
        language = random.choices(LANGUAGES, [4 if l == "en" else 1 for l in LANGUAGES])[0]
        name = self.names[language][concept]
        label, tags, chance = name["label"], name["tags"], random.random()
        if label is None:
            language, label, tags = "en", self.names["en"][concept]["label"], self.names["en"][concept]["tags"]
        if chance < 0.36 or not tags:
            text, true = label, self.true_of[label]
        elif chance < 0.70:
            text = random.choice(tags)
            true = self.true_of[text]
        elif chance < 0.82 and len(tags) > 1:
            two = random.sample(tags, 2)
            text, true = " ".join(two), self.true_of[two[0]] & self.true_of[two[1]]
        elif chance < 0.92:
            tag = random.choice(tags)
            text = f"{label} {tag}" if random.random() < 0.5 else f"{tag} {label}"
            true = self.true_of[label] & self.true_of[tag]
        else:
            language, kinds = "en", self.groups["en"]
            text = kinds["subgroups"][self.subgroup[concept]] if random.random() < 0.7 else kinds["groups"][self.group[concept]]
            true = self.true_of[text]
        if language == "en" and text.startswith("flag: ") and random.random() < 0.6:
            text = "flag of " + text[len("flag: ") :]
        if random.random() < 0.2 and language in PHRASES:
            text = random.choice(PHRASES[language]).format(text)
        return (mistyped(text) if random.random() < 0.06 else text), true


def mistyped(text):
    if len(text) < 5:
        return text
    i = random.randrange(len(text) - 1)
    return text[:i] + text[i + 1 :] if random.random() < 0.5 else text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def augmented(data, rows, concepts, resolution):
    """Outlined, turned, scaled, mirrored, recoloured, on any background, noisy: [n][3][resolution][resolution] in [-1, 1]."""
    x = torch.from_numpy(data.stored[rows]).permute(0, 3, 1, 2).float().div_(255)
    n, each = len(rows), lambda *shape: torch.rand(len(rows), *shape)
    if random.random() < 0.5:  # outlines, as some styles draw them
        some, width = (each(1, 1, 1) < 0.35).float(), random.choice([3, 5])
        outline = (F.max_pool2d(x[:, 3:], width, 1, width // 2) - x[:, 3:]).clamp(0, 1)
        light = x[:, :3].mean(1, keepdim=True)
        edges = F.max_pool2d(light, 3, 1, 1) + F.max_pool2d(-light, 3, 1, 1)
        edges = ((edges - 0.15) * 4).clamp(0, 1) * some * (each(1, 1, 1) < 0.6).float()
        x = torch.cat([x[:, :3] * (1 - edges), torch.maximum(x[:, 3:], outline * some)], 1)
    mirrors = torch.tensor([data.concepts["group"][c] not in SYMBOLS for c in concepts])
    angle = (each() * 2 - 1) * 0.35 * (each() < 0.7)
    angle[~mirrors] *= 0.3
    scale, stretch = 1 / (each() * 0.6 + 0.6), torch.exp((each() * 2 - 1) * 0.12)
    mirror = torch.where((each() < 0.5) & mirrors, -1.0, 1.0)
    shift = (torch.rand(2, n) * 2 - 1) * 0.22
    turn = [
        torch.stack([angle.cos() * scale * stretch * mirror, -angle.sin() * scale, shift[0]], -1),
        torch.stack([angle.sin() * scale * mirror, angle.cos() * scale / stretch, shift[1]], -1),
    ]
    if random.random() < 0.25:
        x = F.avg_pool2d(x, 2)
    grid = F.affine_grid(torch.stack(turn, 1), (n, 4, resolution, resolution), align_corners=False)
    x = F.grid_sample(x, grid, align_corners=False)
    colour, alpha = x[:, :3], x[:, 3:]
    saturation = each(1, 1, 1) * 0.9 + 0.5
    saturation = torch.where(each(1, 1, 1) < 0.07, torch.zeros_like(saturation), saturation)
    gray = colour.mean(1, keepdim=True)
    colour = (gray + (colour - gray) * saturation) * (each(3, 1, 1) * 0.24 + 0.88) * (each(1, 1, 1) * 0.4 + 0.75)
    kind, plain = each(1, 1, 1), each(3, 1, 1)
    blurred = F.interpolate(each(3, 3, 3), size=(resolution, resolution), mode="bilinear", align_corners=False)
    ground = torch.where(kind < 0.4, 1 - each(1, 1, 1).expand_as(plain) * 0.06, torch.where(kind < 0.5, plain * 0.2, plain))
    ground = torch.where(kind < 0.8, ground.expand(n, 3, resolution, resolution), blurred)
    y = (colour + (1 - alpha) * ground).clamp(0, 1)
    y = y + torch.randn_like(y) * (each(1, 1, 1) * 0.05)
    return (y - 0.5) / 0.5


class Joint:
    """Batches for both towers: of each concept two pictures, mostly of two styles, and two texts."""

    def __init__(self, data, size):
        self.data, self.texts, self.size, self.order = data, Texts(data), min(size, len(data.trained)), []

    def concepts(self):
        """Each of all concepts once before any a second time, no concept twice in a batch."""
        drawn = []
        while len(drawn) < self.size:
            if not self.order:
                self.order = random.sample(self.data.trained, len(self.data.trained))
            concept = self.order.pop()
            if concept not in drawn:
                drawn.append(concept)
        return drawn

    def make(self, resolution):
        """@return pictures [2k], token ids and mask [2k], and which text is true of which concept [2k][k]"""
        drawn, first, second = self.concepts(), [], []
        for concept in drawn:
            rows = self.data.pictures[concept]
            one, other = random.sample(rows, 2) if len(rows) > 1 else rows * 2
            first.append(one)
            second.append(other)
        pictures = augmented(self.data, np.array(first + second), drawn + drawn, resolution)
        texts = [self.texts.draw(concept) for concept in drawn for _ in range(2)]
        ids, mask = self.data.tokens([text for text, _ in texts], TRAINED_TOKENS)
        true = torch.tensor([[concept in of for concept in drawn] for _, of in texts]).float()
        return pictures, ids, mask, true
