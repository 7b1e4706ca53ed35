# SPDX-License-Identifier: Apache-2.0
"""Step `train`: rounds of contrastive training of both towers, each followed by the text tower alone. Makes towers.pt (moving averages).

Counts steps, not minutes: a slow machine makes the same kind of model later. The released weights took about two hours of two shared cores.
"""

import copy
import math
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

from batches import Data, Joint, Texts, augmented
from settings import DIMENSIONS, INPUT, TRAINED_TOKENS, arguments
from towers import Text, Vision

LOUDEST = 60  # the highest scale of cosines


def half():
    return torch.autocast("cpu", dtype=torch.bfloat16)


def optimizer(modules, scale, rate):
    parameters = [p for module in modules for p in module.parameters()]
    matrices = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1] + [scale]
    groups = [dict(params=matrices, weight_decay=0.05), dict(params=others, weight_decay=0)]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98)), matrices + others


def rate_at(step, steps, height, warm):
    return height * min(1, step / warm + 0.02) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def average(averages, modules, keep):
    with torch.no_grad():
        for mean, module in zip(averages, modules):
            for a, b in zip(mean.state_dict().values(), module.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.mul_(keep).add_(b, alpha=1 - keep)
                else:
                    a.copy_(b)


def contrast(similarities, positive):
    """Mean negative log-likelihood of the positives of each row that has some."""
    likelihood, count = F.log_softmax(similarities, 1), positive.sum(1)
    rows = count > 0
    return -((likelihood * positive).sum(1)[rows] / count[rows]).mean()


class Log:
    def __init__(self, what, steps):
        self.what, self.steps, self.start, self.losses, self.next = what, steps, time.time(), [], 0

    def add(self, step, loss, scale):
        self.losses.append(loss)
        if time.time() - self.start >= self.next or step == self.steps - 1:
            took = time.time() - self.start
            print(f"train: {self.what} step {step + 1}/{self.steps} {took:.0f} s loss {np.mean(self.losses[-50:]):.3f} scale {scale:.1f}", flush=True)
            self.next = took + 60


def joint(data, vision, text, settings, round, scale_from):
    batches, scale = Joint(data, settings.batch), torch.nn.Parameter(torch.tensor(math.log(scale_from)))
    adam, parameters = optimizer([vision, text], scale, round.rate)
    means, log = [copy.deepcopy(vision), copy.deepcopy(text)], Log("joint", round.joint)
    for step in range(round.joint):
        for group in adam.param_groups:
            group["lr"] = rate_at(step, round.joint, round.rate, warm=min(60, round.joint / 5))
        resolution = round.first_resolution if step < round.switch * round.joint else INPUT
        pictures, ids, mask, true = batches.make(resolution)
        with half():
            seen, read = vision(pictures.contiguous(memory_format=torch.channels_last)), text(ids, mask)
        seen, read, factor = seen.float(), read.float(), scale.exp().clamp(max=LOUDEST)
        count = true.shape[1]
        own = torch.arange(count).repeat(2)
        same = (own[:, None] == own[None]).float().fill_diagonal_(0)
        not_itself = torch.eye(2 * count) * -1e4
        both, loss = torch.cat([true, true], 1), 0
        for length, weight in DIMENSIONS:
            v, t = F.normalize(seen[:, :length], dim=1), F.normalize(read[:, :length], dim=1)
            similar = t @ v.T * factor
            of_styles = contrast(v @ v.T * factor * 0.7 + not_itself, same)  # two drawings of one thing are alike
            loss = loss + weight * (0.5 * contrast(similar, both) + 0.5 * contrast(similar.T, both.T) + 0.4 * of_styles)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 2.0)
        adam.step()
        if step % 2 == 1:
            average(means, [vision, text], 0.98 if step > 60 else 0.5)
        log.add(step, loss.item(), factor.item())
    return means


def prototypes(data, vision):
    """For each length: of every trained concept the mean direction of its pictures, plain and, at half the weight, augmented."""
    vision.eval()
    rows = [(concept, row) for concept in data.trained for row in data.pictures[concept]]
    made = {length: torch.zeros(len(data.trained), length) for length, _ in DIMENSIONS}
    position = {concept: i for i, concept in enumerate(data.trained)}
    for i in range(0, len(rows), 256):
        part = rows[i : i + 256]
        index = torch.tensor([position[concept] for concept, _ in part])
        pictures = np.array([row for _, row in part])
        views = [(data.plain(list(pictures)), 1.0), (augmented(data, pictures, [c for c, _ in part], INPUT), 0.5)]
        for pixels, weight in views:
            with torch.no_grad(), half():
                seen = vision(pixels.contiguous(memory_format=torch.channels_last)).float()
            for length in made:
                made[length].index_add_(0, index, F.normalize(seen[:, :length], dim=1) * weight)
    return {length: F.normalize(sums, dim=1) for length, sums in made.items()}


def text_alone(data, vision, text, settings, round):
    """Every text against the prototypes of all concepts at once: no batch is that large."""
    targets, texts = prototypes(data, vision), Texts(data)
    position = {concept: i for i, concept in enumerate(data.trained)}
    scale = torch.nn.Parameter(torch.tensor(math.log(20.0)))
    adam, parameters = optimizer([text], scale, 1e-3)
    mean, log, order = copy.deepcopy(text), Log("text", round.text), []
    for step in range(round.text):
        for group in adam.param_groups:
            group["lr"] = rate_at(step, round.text, 1e-3, warm=min(30, round.text / 5))
        while len(order) < settings.text_batch:
            order += random.sample(data.trained, len(data.trained))
        drawn, order = order[: settings.text_batch], order[settings.text_batch :]
        made = [texts.draw(concept) for concept in drawn]
        ids, mask = data.tokens([t for t, _ in made], TRAINED_TOKENS)
        wanted = torch.zeros(len(drawn), len(data.trained))
        for i, (_, true) in enumerate(made):
            right = [position[c] for c in true if c in position]
            wanted[i, right] = 1 / max(1, len(right))
        with half():
            read = text(ids, mask)
        read, factor, loss = read.float(), scale.exp().clamp(max=LOUDEST), 0
        for length, weight in DIMENSIONS:
            similar = F.normalize(read[:, :length], dim=1) @ targets[length].T * factor
            loss = loss - weight * (F.log_softmax(similar, 1) * wanted).sum(1).mean()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 2.0)
        adam.step()
        if step % 2 == 1:
            average([mean], [text], 0.97 if step > 60 else 0.5)
        log.add(step, loss.item(), factor.item())
    return mean


def main():
    given, settings = arguments()
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    data = Data(given.build, given.out / "tokenizer.json")
    vision = Vision().to(memory_format=torch.channels_last)
    text = Text(data.tokenizer.get_vocab_size())
    count = lambda module: sum(p.numel() for p in module.parameters()) / 1e6
    print(f"train: {len(data.trained)} concepts, vision {count(vision):.2f} M, text {count(text):.2f} M parameters", flush=True)
    for number, round in enumerate(settings.rounds):
        vision, text = joint(data, vision.train(), text.train(), settings, round, scale_from=12.0 if number == 0 else 23.0)
        text = text_alone(data, vision, text.train(), settings, round)
    torch.save({"vision": vision.state_dict(), "text": text.state_dict()}, given.build / "towers.pt")


if __name__ == "__main__":
    main()
