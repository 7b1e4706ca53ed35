# SPDX-License-Identifier: Apache-2.0
"""jina-clip, whose code is on the hub: its parts, with the transforms of open_clip that it copies."""

import open_clip.transform
import torch
from PIL import Image, ImageOps
from transformers import AutoTokenizer

import towers
import vocabularies
from family import BATCH, CLIP_MEAN, CLIP_STD, PIXELS, TOKENS, XLM_R, Family, different, vision_tower, write_json, xlm_roberta


class JinaClipV1(Family):
    name = "jina-clip-v1"
    max_tokens = 8192
    resize_mode, fill = "shortest", 0

    def write(self, folder):
        data = vocabularies.wordpiece(self.vocabulary)
        self.tower = towers.randomize(towers.Alibi(len(data["model"]["vocab"]), self.width, self.layers, self.dimension), 3)
        self.vision = towers.randomize(vision_tower(self), 4)
        write_json(folder, "config.json", {
            "model_type": "jina_clip", "architectures": ["JinaCLIPModel"], "projection_dim": self.dimension, "logit_scale_init_value": 2.6592,
            "text_config": {"model_type": "jina_clip_text", "embed_dim": self.dimension, "hf_model_name_or_path": "jinaai/jina-bert-flash-implementation", "pooler_type": "mean_pooler"},
            "vision_config": {"model_type": "jina_clip_vision", "embed_dim": self.dimension, "image_size": self.size, "patch_size": self.patch}})
        write_json(folder, "preprocessor_config.json", {
            "image_processor_type": "JinaCLIPImageProcessor", "processor_class": "JinaCLIPProcessor", "size": self.size, "resize_mode": self.resize_mode,
            "interpolation": "bicubic", "fill_color": self.fill, "mean": CLIP_MEAN, "std": CLIP_STD})
        self.tokenizer_files(
            folder, data, tokenizer_class="BertTokenizer", model_max_length=8192, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
            unk_token="[UNK]", mask_token="[MASK]", do_lower_case=True)
        towers.export(
            self.tower, lambda m, i, a: m(i, a), (torch.randint(5, 400, (2, 7)), torch.ones(2, 7, dtype=torch.long)), folder / "onnx/text_model.onnx",
            {"input_ids": BATCH, "attention_mask": BATCH}, {"text_embeds": TOKENS})
        towers.export(
            self.vision, lambda m, p: m(p).image_embeds, (torch.randn(2, 3, self.size, self.size),), folder / "onnx/vision_model.onnx",
            {"pixel_values": PIXELS}, {"image_embeds": TOKENS})
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.transform = open_clip.transform.image_transform(
            self.size, False, CLIP_MEAN, CLIP_STD, resize_mode=self.resize_mode, interpolation="bicubic", fill_color=self.fill)

    def pixels(self, image):
        return self.transform(image).numpy()

    def otherwise(self, file, pixels):
        """open_clip's transform resizes in the mode that the file has and converts after that; its callers convert before."""
        return different(self.transform(ImageOps.exif_transpose(Image.open(file))).numpy(), pixels, "resized before convert(RGB)")

    def run_text(self, text, side):
        inputs = self.inputs(text, side)
        return self.tower(inputs["input_ids"], inputs["attention_mask"])

    def run_pixels(self, pixels):
        return self.vision(pixels).image_embeds


class JinaClipV1Longest(JinaClipV1):
    name = "jina-clip-v1-longest"
    resize_mode, fill = "longest", 127


class JinaClipV1Squash(JinaClipV1):
    name = "jina-clip-v1-squash"
    resize_mode = "squash"


class JinaClipV2(JinaClipV1):
    """One graph that reads its mask off the ids, weights beside it."""

    name = "jina-clip-v2"

    def __init__(self, small=False):
        super().__init__(small)
        self.dimensions = [8, 16, 24] if small else [8, 16, 32, 48]

    def input_size(self):
        return 512

    def write(self, folder):
        data = vocabularies.unigram(self.vocabulary, self.rule)
        positions = 96 if self.small else 8192
        self.max_tokens = positions
        self.model = torch.nn.ModuleDict({
            "text": xlm_roberta(self, len(data["model"]["vocab"]), positions), "project": torch.nn.Linear(self.width, self.dimension, bias=False),
            "vision": vision_tower(self)})
        towers.randomize(self.model, 5)
        write_json(folder, "config.json", {
            "model_type": "jina_clip", "architectures": ["JinaCLIPModel"], "projection_dim": self.dimension, "truncate_dim": None,
            "matryoshka_dimensions": self.dimensions, "use_text_flash_attn": None,
            "task_instructions": {"retrieval.query": "Represent the query for retrieving evidence documents: "},
            "text_config": {
                "model_type": "jina_clip_text", "embed_dim": self.dimension, "hf_model_name_or_path": "jinaai/jina-embeddings-v3", "pooler_type": "mean_pooler",
                "default_lora_task": "retrieval.query", "default_instruction_task": None},
            "vision_config": {"model_type": "jina_clip_vision", "embed_dim": self.dimension, "image_size": self.size, "patch_size": 14}})
        write_json(folder, "preprocessor_config.json", {
            "image_processor_type": "JinaCLIPImageProcessor", "processor_class": "JinaCLIPProcessor", "size": self.size, "resize_mode": "shortest",
            "interpolation": "bicubic", "fill_color": 0, "mean": CLIP_MEAN, "std": CLIP_STD})
        self.tokenizer_files(folder, data, model_max_length=positions, **XLM_R)

        def both(m, ids, pixels):
            text, image = self.encode(m, ids), m["vision"](pixels).image_embeds
            return text, image, torch.nn.functional.normalize(text), torch.nn.functional.normalize(image)

        towers.export(
            self.model, both, (torch.randint(5, 400, (2, 7)), torch.randn(2, 3, self.size, self.size)), folder / "onnx/model.onnx",
            {"input_ids": BATCH, "pixel_values": PIXELS},
            {name: TOKENS for name in ("text_embeddings", "image_embeddings", "l2norm_text_embeddings", "l2norm_image_embeddings")})
        towers.externalize(folder / "onnx/model.onnx")
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.transform = open_clip.transform.image_transform(self.size, False, CLIP_MEAN, CLIP_STD, resize_mode="shortest", interpolation="bicubic")

    @staticmethod
    def encode(model, ids):
        mask = (ids != 1).long()
        return model["project"](towers.mean(model["text"](ids, attention_mask=mask).last_hidden_state, mask))

    def run_text(self, text, side):
        return self.encode(self.model, self.inputs(text, side)["input_ids"])

    def run_pixels(self, pixels):
        return self.model["vision"](pixels).image_embeds
