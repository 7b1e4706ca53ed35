# SPDX-License-Identifier: Apache-2.0
"""Exports of open_clip, with its own tokenizers and transforms: EVA02-CLIP, a locked text encoder (LiT), nllb-clip."""

import functools
import unittest.mock

import ftfy
import open_clip.hf_model
import open_clip.tokenizer
import open_clip.transform
import open_clip.transformer
import timm.models.eva
import torch
import transformers
from PIL import Image, ImageOps

import towers
import vocabularies
from family import CLIP_MEAN, CLIP_STD, PIXELS, TOKENS, XLM_R, Family, different, write_json


class OpenClipFamily(Family):
    preprocess = {"mean": CLIP_MEAN, "std": CLIP_STD, "interpolation": "bicubic", "resize_mode": "shortest"}

    def use_transform(self):
        p = self.preprocess
        self.transform = open_clip.transform.image_transform(
            self.size, False, p["mean"], p["std"], resize_mode=p["resize_mode"], interpolation=p["interpolation"])

    def write(self, folder):
        data = self.tokens(folder)
        self.text_tower = towers.randomize(self.make_text(len(data["model"]["vocab"])), 7)
        self.vision = towers.randomize(self.make_vision(), 8)
        self.configuration(folder)
        ids, pixels = torch.randint(5, 400, (2, 77)), torch.randn(2, 3, self.size, self.size)
        self.export(folder, ids, pixels)
        self.use_transform()

    def configuration(self, folder):
        write_json(folder, "open_clip_config.json", {
            "model_cfg": {"embed_dim": self.dimension, "vision_cfg": {"image_size": self.size, "timm_model_name": "vit"}, "text_cfg": self.text_cfg},
            "preprocess_cfg": self.preprocess})
        write_json(folder, "config.json", {})

    def export(self, folder, ids, pixels):
        towers.export(self.text_tower, lambda m, i: m(i), (ids,), folder / "onnx/text_model.onnx", {"input_ids": TOKENS}, {"text_features": TOKENS})
        towers.export(self.vision, lambda m, p: m(p), (pixels,), folder / "onnx/vision_model.onnx", {"pixel_values": PIXELS}, {"image_features": TOKENS})

    def make_vision(self):
        return open_clip.transformer.VisionTransformer(
            image_size=self.size, patch_size=self.patch, width=self.width, layers=self.layers, heads=2, mlp_ratio=2, output_dim=self.dimension)

    def padded(self, text):
        """But for ftfy's guess at texts that were decoded as something they are not: what that does is shown apart."""
        with unittest.mock.patch.object(ftfy, "fix_text", functools.partial(ftfy.fix_text, fix_encoding=False)):
            return self.open_clip_tokenizer([text], context_length=77)

    def ids(self, text, side="query"):
        return self.unpadded(self.padded(text)[0].tolist())

    def unpadded(self, ids):
        while ids and ids[-1] == self.pad:
            ids.pop()
        return ids

    def other_text(self, text):
        if ftfy.fix_text(text) == ftfy.fix_text(text, fix_encoding=False):
            return None, ""
        with torch.no_grad():
            vector = self.text_tower(self.open_clip_tokenizer([text], context_length=77))[0].double().numpy()
        return vector.tolist(), "with ftfy's guess at encodings"

    def run_text(self, text, side):
        return self.text_tower(self.padded(text))

    def pixels(self, image):
        return self.transform(image).numpy()

    def otherwise(self, file, pixels):
        return different(self.transform(ImageOps.exif_transpose(Image.open(file))).numpy(), pixels, "resized before convert(RGB)")

    def run_pixels(self, pixels):
        return self.vision(pixels)


class Eva02(OpenClipFamily):
    """In the layout of Immich: textual/ and visual/, ids of 32 bits, zeros behind the end."""

    name = "eva02-clip"
    pad = 0

    def tokens(self, folder):
        data = vocabularies.clip(self.vocabulary) if self.small else vocabularies.openai()
        self.tokenizer_files(
            folder / "textual", data, tokenizer_class="CLIPTokenizer", model_max_length=77, bos_token="<|startoftext|>", eos_token="<|endoftext|>",
            unk_token="<|endoftext|>", pad_token="<|endoftext|>")
        self.open_clip_tokenizer = open_clip.tokenizer.SimpleTokenizer()
        if self.small:
            words = data["model"]["vocab"]
            t = self.open_clip_tokenizer
            t.encoder = {k.replace("|startoftext|", "start_of_text").replace("|endoftext|", "end_of_text"): v for k, v in words.items()}
            t.bpe_ranks = {tuple(pair): i for i, pair in enumerate(data["model"]["merges"])}
            t.cache = {k: k for k in ("<start_of_text>", "<end_of_text>")}
            t.sot_token_id, t.eot_token_id = words["<|startoftext|>"], words["<|endoftext|>"]
        return data

    def padded(self, text):
        """As the hub's tokenizer.json for it has it: the special tokens by their names there."""
        return super().padded(text.replace("<|startoftext|>", "<start_of_text>").replace("<|endoftext|>", "<end_of_text>"))

    def make_text(self, tokens):
        return open_clip.transformer.TextTransformer(vocab_size=tokens, width=self.width, heads=2, layers=self.layers, output_dim=self.dimension)

    def make_vision(self):
        return timm.models.eva.Eva(
            img_size=self.size, patch_size=self.patch, embed_dim=self.width, depth=self.layers, num_heads=2, num_classes=self.dimension, mlp_ratio=2,
            swiglu_mlp=True, scale_mlp=True, qkv_fused=False, use_rot_pos_emb=True, ref_feat_shape=(self.size // self.patch,) * 2, global_pool="token",
            use_fc_norm=False)

    def configuration(self, folder):
        write_json(folder, "config.json", {
            "embed_dim": self.dimension, "vision_cfg": {"image_size": self.size, "timm_model_name": "eva02_base_patch16_clip_224", "timm_pool": "token", "timm_proj": None},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": self.width, "heads": 2, "layers": self.layers}, "custom_text": True})
        write_json(folder, "visual/preprocess_cfg.json", self.preprocess | {"size": [self.size, self.size], "mode": "RGB", "fill_color": 0})

    def export(self, folder, ids, pixels):
        towers.export(self.text_tower, lambda m, i: m(i), (ids.int(),), folder / "textual/model.onnx", {"text": TOKENS}, {"embedding": TOKENS})
        towers.export(self.vision, lambda m, p: m(p), (pixels,), folder / "visual/model.onnx", {"image": TOKENS}, {"embedding": TOKENS})


class Lit(OpenClipFamily):
    """The text tower is Hugging Face's: whitespace cleaned, 77 positions with a mask read off the ids."""

    name = "lit-xlm-roberta"
    pad = 1
    preprocess = OpenClipFamily.preprocess | {"resize_mode": "longest"}
    text_cfg = {"hf_model_name": "xlm-roberta-base", "hf_tokenizer_name": "xlm-roberta-base", "hf_pooler_type": "mean_pooler"}

    def tokens(self, folder):
        data = vocabularies.unigram(self.vocabulary, self.rule)
        self.tokenizer_files(folder, data, model_max_length=512, **XLM_R)
        self.open_clip_tokenizer = open_clip.tokenizer.HFTokenizer(str(folder), context_length=77)
        return data

    def make_text(self, tokens):
        config = transformers.XLMRobertaConfig(
            vocab_size=tokens, hidden_size=self.width, intermediate_size=2 * self.width, num_hidden_layers=self.layers, num_attention_heads=2,
            max_position_embeddings=514, type_vocab_size=1, pad_token_id=1)
        config._attn_implementation = "eager"
        return open_clip.hf_model.HFTextEncoder("", self.dimension, config=config, pooler_type="mean_pooler", proj_type="linear")


class Nllb(OpenClipFamily):
    """nllb-clip with SigLIP's pictures: the language before the text, the first state is the vector."""

    name = "nllb-clip"
    pad = 1
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    text_cfg = {
        "hf_model_name": "facebook/nllb-200-distilled-600M", "hf_tokenizer_name": "facebook/nllb-200-distilled-600M", "hf_proj_type": "linear",
        "hf_pooler_type": "cls_pooler"}

    def tokens(self, folder):
        data = vocabularies.nllb(self.vocabulary, self.rule)
        self.tokenizer_files(
            folder, data, tokenizer_class="PreTrainedTokenizerFast", model_max_length=1024, bos_token="<s>", eos_token="</s>", sep_token="</s>", cls_token="<s>",
            unk_token="<unk>", pad_token="<pad>", mask_token="<mask>")
        self.open_clip_tokenizer = open_clip.tokenizer.HFTokenizer(str(folder), context_length=77)
        return data

    def make_text(self, tokens):
        config = transformers.M2M100Config(
            vocab_size=tokens, d_model=self.width, encoder_ffn_dim=2 * self.width, encoder_layers=self.layers, encoder_attention_heads=2, decoder_layers=1,
            decoder_ffn_dim=8, decoder_attention_heads=2, max_position_embeddings=1024, pad_token_id=1)
        config._attn_implementation = "eager"
        tower = open_clip.hf_model.HFTextEncoder("", self.dimension, config=config, pooler_type="cls_pooler", proj_type="linear")
        tower.transformer = tower.transformer.encoder
        return tower
