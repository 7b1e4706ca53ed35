# SPDX-License-Identifier: Apache-2.0
"""Small tokenizers of the component types that the real models have, trained on texts.CORPUS.

Each function gives a tokenizer.json as a dict. size: how many tokens, roughly.
"""

import functools
import io
import json
import re
import string

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from texts import CORPUS


def _json(tokenizer):
    return json.loads(tokenizer.to_str())


def _added(token, id, **flags):
    return {"id": id, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} | flags


def openai():
    """OpenAI's own 49,408 tokens, which come with open_clip."""
    from open_clip.tokenizer import SimpleTokenizer
    original = SimpleTokenizer()
    data = clip()
    data["model"] |= {
        "vocab": {t.replace("<start_of_text>", "<|startoftext|>").replace("<end_of_text>", "<|endoftext|>"): i for t, i in original.encoder.items()},
        "merges": [list(pair) for pair in original.bpe_ranks]}
    start, stop = original.sot_token_id, original.eot_token_id
    data["added_tokens"] = [_added("<|startoftext|>", start, normalized=True), _added("<|endoftext|>", stop)]
    data["post_processor"] |= {"sep": ["<|endoftext|>", stop], "cls": ["<|startoftext|>", start]}
    return data


def clip(size=1200):
    """Like OpenAI's: every byte with and without </w> first, the two special tokens last, so that the end has the largest id."""
    end = "</w>"
    t = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix=end))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""), "removed", True),
        pre_tokenizers.ByteLevel(False)])
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), end_of_word_suffix=end, show_progress=False))
    data = _json(t)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = data["model"]["merges"]
    tokens = alphabet + [a + end for a in alphabet] + [a + b for a, b in merges] + ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    start, stop = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
    data["model"] |= {"vocab": vocabulary, "unk_token": "<|endoftext|>"}
    data["added_tokens"] = [_added("<|startoftext|>", start, normalized=True), _added("<|endoftext|>", stop)]
    data["post_processor"] = {
        "type": "RobertaProcessing", "sep": ["<|endoftext|>", stop], "cls": ["<|startoftext|>", start], "trim_offsets": False, "add_prefix_space": False}
    data["decoder"] = _json_decoder(decoders.ByteLevel())
    return data


def _json_decoder(decoder):
    t = Tokenizer(models.BPE())
    t.decoder = decoder
    return _json(t)["decoder"]


def wordpiece(size=1200):
    """BERT's, uncased."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False))
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    t.decoder = decoders.WordPiece()
    return _json(t)


@functools.cache
def _sentencepiece(size, rule, lower=False, add_prefix=True, model="unigram"):
    out = io.BytesIO()
    corpus = [line.lower() for line in CORPUS] if lower else CORPUS
    rules = {"normalization_rule_name": rule} if "\t" not in rule else {"normalization_rule_tsv": _file(rule)}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=out, vocab_size=size, hard_vocab_limit=False, character_coverage=1.0 if size > 600 else 0.98, model_type=model,
        add_dummy_prefix=add_prefix, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", minloglevel=2, **rules)
    return out.getvalue()


def _file(text):
    import tempfile
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", delete=False) as file:
        file.write(text)
    return file.name


FEW_RULES = "".join(
    " ".join(f"{ord(c):04X}" for c in a) + "\t" + " ".join(f"{ord(c):04X}" for c in b) + "\n" for a, b in {
        "Ａ": "A", "ﬁ": "fi", "ﬂ": "fl", "①": "1", "②": "2", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "e\u0301": "é", "\ufdfa": "صلى الله", "\u200b": "", "▁": " "}.items())
"""A small map for what is committed: the real one, nmt_nfkc, has 240 KB."""


def sentencepiece_model(size=1200, rule="nmt_nfkc", **options):
    return _sentencepiece(size, rule, **options)


def _pieces(model):
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model)
    return proto, [[p.piece, p.score] for p in proto.pieces]


def _precompiled(proto):
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    return _json(t)["normalizer"]


def unigram(size=1200, rule="nmt_nfkc"):
    """XLM-R's, as its converter writes it: <s> <pad> </s> <unk>, then the pieces, <mask> last."""
    proto, pieces = _pieces(sentencepiece_model(size, rule))
    vocabulary = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]] + pieces[3:] + [["<mask>", 0.0]]
    t = Tokenizer(models.Unigram([tuple(v) for v in vocabulary], unk_id=3))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t.decoder = decoders.Metaspace()
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    t.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
    data = _json(t)
    data["normalizer"] = {"type": "Sequence", "normalizers": [_precompiled(proto), {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]}
    return data


def siglip(size=1200, rule="nmt_nfkc"):
    """SigLIP's as converted for the hub: the canonical text of the original in normalizers, </s> behind, which also pads."""
    proto, pieces = _pieces(sentencepiece_model(size, rule, lower=True))
    t = Tokenizer(models.Unigram([tuple(p) for p in pieces], unk_id=2))
    t.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(Regex("[" + re.escape(string.punctuation) + "]"), ""),
        normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    t.add_special_tokens([AddedToken(token, lstrip=True, rstrip=True, normalized=False) for token in ("</s>", "<unk>")])
    data = _json(t)
    data["normalizer"]["normalizers"].append(_precompiled(proto))
    return data


def gemma(size=1400, lower=True):
    """SigLIP 2's: BPE with byte fallback over lower-cased text."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    t.train_from_iterator([line.lower() for line in CORPUS] if lower else CORPUS, trainers.BpeTrainer(
        vocab_size=size, special_tokens=special + [f"<0x{i:02X}>" for i in range(256)], show_progress=False))
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    if lower:
        t.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "▁")])
    t.post_processor = processors.TemplateProcessing(single="$A <eos>", pair="$A <eos> $B <eos>", special_tokens=[("<eos>", 1)])
    data = _json(t)
    data["added_tokens"] = [a for a in data["added_tokens"] if not a["content"].startswith("<0x")]
    return data


def nllb(size=1200, rule="nmt_nfkc"):
    """NLLB's: BPE pieces with the map of SentencePiece, the language before and </s> behind."""
    proto, _ = _pieces(sentencepiece_model(size, rule))
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "eng_Latn", "deu_Latn", "<mask>"], show_progress=False))
    t.decoder = decoders.Metaspace()
    t.post_processor = processors.TemplateProcessing(
        single="eng_Latn $A </s>", pair="eng_Latn $A $B </s>", special_tokens=[("eng_Latn", 4), ("</s>", 2)])
    data = _json(t)
    data["normalizer"] = {"type": "Sequence", "normalizers": [_precompiled(proto)]}
    return data


def qwen(size=1200):
    """Qwen 2's: NFC, bytes; <|endoftext|> behind, as embedding models of that line have it."""
    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<|endoftext|>", "<|im_end|>"], show_progress=False))
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.TemplateProcessing(single="$A <|endoftext|>", pair="$A $B <|endoftext|>", special_tokens=[("<|endoftext|>", 0)])
    return _json(t)
