# SPDX-License-Identifier: Apache-2.0
"""What all families have in common."""

import json

import numpy as np
import torch
import transformers
from PIL import Image, ImageOps
from transformers import AutoImageProcessor, AutoTokenizer

from vocabularies import FEW_RULES

transformers.logging.set_verbosity_error()

CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
BATCH, TOKENS, PIXELS = ("batch_size", "sequence_length"), ("batch_size",), ("batch_size", "num_channels", "height", "width")


def write_json(folder, name, value):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def clip_processor(size):
    return {
        "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": size}, "resample": 3, "do_center_crop": True,
        "crop_size": {"height": size, "width": size}, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "do_convert_rgb": True,
        "image_mean": CLIP_MEAN, "image_std": CLIP_STD}


def siglip_processor(size, **changes):
    return {
        "image_processor_type": "SiglipImageProcessor", "do_resize": True, "size": {"height": size, "width": size}, "resample": 3, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3} | changes


def different(other, pixels, why):
    return (None, "") if np.abs(other - pixels).max() < 1e-5 else (other, why)


class Family:
    """small: sizes for what is committed."""

    name = ""
    overrides = {}
    dimensions = []
    sides = {"query": ""}
    """The side of a request -> what the reference puts before the text."""
    images = True
    max_tokens = 77
    note = ""

    def __init__(self, small=False):
        self.small = small
        self.rule = FEW_RULES if small else "nmt_nfkc"
        self.vocabulary = 600 if small else 1200
        self.width, self.layers, self.dimension = (16, 1, 24) if small else (64, 2, 48)
        self.size = 32 if small else self.input_size()
        self.patch = 16 if small else 32

    def input_size(self):
        return 224

    def ids(self, text, side="query"):
        encoded = self.tokenizer(self.sides[side] + text, truncation=True, max_length=self.max_tokens)
        return encoded["input_ids"]

    def inputs(self, text, side):
        """What the reference feeds for one text alone."""
        return self.tokenizer([self.sides[side] + text], return_tensors="pt", padding=True, truncation=True, max_length=self.max_tokens)

    def load(self, folder):
        self.folder = folder
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        if self.images:
            self.processor = AutoImageProcessor.from_pretrained(folder, backend="pil")

    def pixels(self, image):
        return np.asarray(self.processor(image, return_tensors="np")["pixel_values"][0], np.float32)

    def otherwise(self, file, pixels):
        """What another pipeline of the same library makes of a picture, if that is not the same: floats, and which.

        Since 5.x a processor that is given a picture with transparency puts it on white; load_image and convert("RGB") drop it.
        """
        if not hasattr(self, "torchvision"):
            self.torchvision = AutoImageProcessor.from_pretrained(self.folder, backend="torchvision")
        image = ImageOps.exif_transpose(Image.open(file))
        if "A" in image.getbands() or "transparency" in image.info:
            return different(self.pixels(image), pixels, "put on white by the processor")
        rgb = image.convert("RGB")
        return different(np.asarray(self.torchvision(rgb, return_tensors="np")["pixel_values"][0], np.float32), pixels, "torchvision backend")

    def other_text(self, text):
        """What a part of the original that the plugin leaves out would change, if it does: a vector, and what it is."""
        return None, ""

    def tokenizer_files(self, folder, data, **config):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")
        write_json(folder, "tokenizer_config.json", config)

    def text(self, text, side="query"):
        with torch.no_grad():
            return self.run_text(text, side)[0].double().numpy()

    def picture(self, pixels):
        with torch.no_grad():
            return self.run_pixels(torch.from_numpy(pixels)[None])[0].double().numpy()


def vision_tower(family):
    config = transformers.CLIPVisionConfig(
        hidden_size=family.width, intermediate_size=2 * family.width, num_hidden_layers=family.layers, num_attention_heads=2, image_size=family.size,
        patch_size=family.patch, projection_dim=family.dimension)
    config._attn_implementation = "eager"
    return transformers.CLIPVisionModelWithProjection(config)


def xlm_roberta(family, tokens, positions):
    config = transformers.XLMRobertaConfig(
        vocab_size=tokens, hidden_size=family.width, intermediate_size=2 * family.width, num_hidden_layers=family.layers, num_attention_heads=1,
        max_position_embeddings=positions + 2, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    config._attn_implementation = "eager"
    return transformers.XLMRobertaModel(config, add_pooling_layer=False)


XLM_R = dict(
    tokenizer_class="XLMRobertaTokenizer", bos_token="<s>", eos_token="</s>", sep_token="</s>", cls_token="<s>", unk_token="<unk>", pad_token="<pad>",
    mask_token="<mask>")
