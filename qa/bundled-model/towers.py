# SPDX-License-Identifier: Apache-2.0
"""The two towers: 3.25 and 3.31 million parameters. Neither normalises its output: it is cut first."""

import torch
import torch.nn.functional as F
from torch import nn

from settings import TOKENS

DIMENSION = 256


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.c2, self.b2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        nn.init.zeros_(self.b2.weight)

    def forward(self, x):
        return F.relu(x + self.b2(self.c2(F.relu(self.b1(self.c1(x))))))


def halve(channels_in, channels_out):
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, 2, 1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU())


class Vision(nn.Module):
    """pixel_values [n][3][64][64] -> image_embeds [n][256]"""

    def __init__(self, widths=(32, 64, 128, 256), blocks=(1, 1, 2)):
        super().__init__()
        layers = [halve(3, widths[0])]
        for narrow, wide, count in zip(widths, widths[1:], blocks):
            layers += [halve(narrow, wide)] + [Residual(wide) for _ in range(count)]
        self.features, self.projection = nn.Sequential(*layers), nn.Linear(2 * widths[-1], DIMENSION)

    def forward(self, pixel_values):
        x = self.features(pixel_values)
        return self.projection(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.qkv, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.n2, self.f1, self.f2 = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.drop = nn.Dropout(0.1)

    def forward(self, x, bias):
        batch, tokens, width = x.shape
        split = lambda t: t.reshape(batch, tokens, self.heads, width // self.heads).transpose(1, 2)
        q, k, v = (split(t) for t in self.qkv(self.n1(x)).chunk(3, -1))
        attention = torch.softmax(q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5 + bias, -1)
        x = x + self.drop(self.out((attention @ v).transpose(1, 2).reshape(batch, tokens, width)))
        return x + self.drop(self.f2(F.gelu(self.f1(self.n2(x)))))


class Text(nn.Module):
    """input_ids, attention_mask [n][length] -> text_embeds [n][256], the mean of the tokens"""

    def __init__(self, vocabulary, width=192, layers=2, heads=4):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(TOKENS, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm, self.projection, self.drop = nn.LayerNorm(width), nn.Linear(width, DIMENSION), nn.Dropout(0.1)
        nn.init.normal_(self.tokens.weight, std=0.05)
        nn.init.normal_(self.positions.weight, std=0.02)

    def forward(self, input_ids, attention_mask):
        mask = attention_mask.to(self.tokens.weight.dtype)
        x = self.drop(self.tokens(input_ids) + self.positions(torch.arange(input_ids.shape[1], device=input_ids.device))[None])
        bias = (1 - mask)[:, None, None, :] * -1e4
        for block in self.blocks:
            x = block(x, bias)
        x = (self.norm(x) * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        return self.projection(x)
