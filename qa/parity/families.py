# SPDX-License-Identifier: Apache-2.0
"""A small model of random weights of each family, in the layout that the hub has for it, and the reference beside it.

A family is a class: write(folder) makes the folder; then texts and pictures are embedded by the original code: transformers'
tokenizers, image processors and models loaded from that very folder, or open_clip's and torchvision's.
"""

from family_clip import MobileClip, OpenAiClip, OpenAiClipOneGraph, TinyClip
from family_jina import JinaClipV1, JinaClipV1Longest, JinaClipV1Squash, JinaClipV2
from family_open_clip import Eva02, Lit, Nllb
from family_sentence import BertMean, ClsPooled, JinaEmbeddingsV3, LastToken, Prompted
from family_siglip import Siglip, Siglip2

ALL = [
    OpenAiClip, OpenAiClipOneGraph, TinyClip, MobileClip, Siglip, Siglip2, JinaClipV1, JinaClipV1Longest, JinaClipV1Squash, JinaClipV2, Eva02, Lit, Nllb,
    BertMean, Prompted, ClsPooled, LastToken, JinaEmbeddingsV3]
