"""Small tokenizers of every family that TokenizerPolicy knows, and what the Hugging Face library makes of some texts.

pip install tokenizers==0.23.3 sentencepiece==0.2.3 && python make.py
"""

import base64
import io
import json
import pathlib
import re
import string

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
MAX_TOKENS = 16
CORPUS = """a photo of a red running shoe on a wooden floor and a green leaf in the morning rain
two small dogs play with a ball near the river while the children watch them from a bridge
ein Foto von einem roten Schuh auf dem Boden, und ein grünes Blatt im Regen am Morgen
une photo de deux petits chiens qui jouent près de la rivière avec des élèves français
собака и кошка играют с мячом у реки; фотография красной обуви
犬と猫が川で遊ぶ 写真 赤い靴 강아지 고양이 사진 狗 和 猫 在 河边 玩
don't they're we'll I've it's 12 345 2024 50% #1 @home (hello) [world] {x}""".split("\n")
TEXTS = [
    "", " ", "a photo of a dog", "A PHOTO OF A DOG!", "  two   small\tdogs \n play  ", "don't they're WE'LL",
    "Grüne Blätter, ÉLÈVE, e\u0301le\u0300ve, ﬁne ﬂour", "собака и кошка", "犬と猫が川で遊ぶ", "강아지 사진", "नमस्ते दुनिया", "مرحبا بالعالم",
    "สวัสดีชาวโลก", "שלום", "Ａｂｃ １２３ ①②", "👩‍👩‍👧‍👦 family 🇩🇪 flag ☕️", "<|startoftext|> in text <|endoftext|>", "[CLS] x [SEP] </s> <pad>",
    "a" * 300, "red " * 100, "x\u0000y", "tab\u00a0nbsp\u3000ideographic\u200bzero", "!!!???...--- (a) [b] {c}", "12 345,678.90 €",
    "it's 5 o'clock; we’ll see “quotes” – dash", "\r\n\r\n a \r b", "\ufffd\ufdfa\u0130İıß",
]


def clip():
    t = Tokenizer(models.BPE(unk_token="<|endoftext|>", continuing_subword_prefix="", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""), "removed", True),
        pre_tokenizers.ByteLevel(False)])
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=620, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), end_of_word_suffix="</w>",
        special_tokens=["<|startoftext|>", "<|endoftext|>"], show_progress=False))
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.RobertaProcessing(("<|endoftext|>", 1), ("<|startoftext|>", 0), False, False)
    t.enable_truncation(5, stride=2)
    t.enable_padding(pad_id=1, pad_token="<|endoftext|>", length=7)
    return t


def wordpiece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    t.decoder = decoders.WordPiece()
    return t


def charsmap():
    """A real map of SentencePiece, of few rules."""
    rules = {"Ａ": "A", "ﬁ": "fi", "ﬂ": "fl", "①": "1", "②": "2", "\u3000": " ", "\u00a0": " ", "e\u0301": "é", "\ufdfa": "صلى الله"}
    tsv = HERE / "rules.tsv"
    tsv.write_text("".join(
        " ".join(f"{ord(c):04X}" for c in a) + "\t" + " ".join(f"{ord(c):04X}" for c in b) + "\n" for a, b in rules.items()))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=model, vocab_size=140, hard_vocab_limit=False, normalization_rule_tsv=str(tsv), minloglevel=2)
    tsv.unlink()
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto.normalizer_spec.precompiled_charsmap


def unigram():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap()), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    t.decoder = decoders.Metaspace()
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return t


def gpt2():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(False)
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<|endoftext|>"], show_progress=False))
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def siglip():
    t = unigram()
    t.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(Regex("[" + re.escape(string.punctuation) + "]"), ""),
        normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(), normalizers.Precompiled(charsmap())])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)])
    return t


def gemma():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=560, special_tokens=["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{i:02X}>" for i in range(256)],
        show_progress=False))
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    t.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "▁")])
    t.post_processor = processors.TemplateProcessing(single="$A <eos>", pair="$A <eos> $B <eos>", special_tokens=[("<eos>", 1)])
    return t


expected = {}
for make in (clip, wordpiece, unigram, gpt2, siglip, gemma):
    name = make.__name__
    data = json.loads(make().to_str())
    (HERE / f"{name}.json").write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    t = Tokenizer.from_file(str(HERE / f"{name}.json"))
    t.no_padding()
    t.no_truncation()
    full = [len(t.encode(text).ids) for text in TEXTS]
    t.enable_truncation(MAX_TOKENS)
    expected[name] = [
        {"text": text, "ids": t.encode(text).ids, "truncated": n > MAX_TOKENS} for text, n in zip(TEXTS, full)]
(HERE / "expected.json").write_text("{\n" + ",\n".join(
    json.dumps(name) + ": [\n" + ",\n".join(json.dumps(case) for case in cases) + "]" for name, cases in expected.items()) + "}\n")
