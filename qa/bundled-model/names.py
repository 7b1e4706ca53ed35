# SPDX-License-Identifier: Apache-2.0
"""Step `names`: what each pictogram is called, and a tokenizer for it. Makes concepts.json and the model's tokenizer.json."""

import json
import re

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from settings import LANGUAGES, TOKENS, arguments

COMPONENTS = 2  # group of emojibase: skin tones and hair, no things


def normalized(text):
    return re.sub(r"\s+", " ", re.sub("[“”]", "", text.lower().replace("&", " "))).strip()


def concepts(packages, pictured):
    """The things that have a picture, without the female and male form of one that has a neutral one."""
    read = lambda language, name: json.loads((packages / "emojibase-data" / language / f"{name}.json").read_text(encoding="utf-8"))
    english = [e for e in read("en", "data") if e["hexcode"] in pictured and e.get("group") not in (None, COMPONENTS)]
    english = [e for e in english if "200D-2640" not in e["hexcode"] and "200D-2642" not in e["hexcode"]]
    codes = [e["hexcode"] for e in english]
    names, groups = {}, {}
    for language in LANGUAGES:
        by_code = {e["hexcode"]: e for e in read(language, "data")}
        names[language] = [
            {
                "label": normalized(by_code[code]["label"]) if code in by_code else None,
                "tags": [normalized(tag) for tag in by_code.get(code, {}).get("tags", [])],
            }
            for code in codes
        ]
        messages = read(language, "messages")
        groups[language] = {
            kind: {str(g["order"]): normalized(g["message"]) for g in messages[kind]} for kind in ("groups", "subgroups")
        }
    return {
        "codes": codes,
        "group": [str(e["group"]) for e in english],
        "subgroup": [str(e["subgroup"]) for e in english],
        "names": names,
        "groups": groups,
    }


def corpus(data):
    """What the vocabulary is made of: labels count more than keywords, English twice as much as each other language."""
    for language in LANGUAGES:
        weight = 2 if language == "en" else 1
        for name in data["names"][language]:
            yield from [name["label"]] * (3 * weight) if name["label"] else []
            yield from name["tags"] * weight
        for kind in data["groups"][language].values():
            yield from list(kind.values()) * 20


def train_tokenizer(texts, vocabulary):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(Regex(r"\s+"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation("isolated"), pre_tokenizers.Metaspace("▁", "always")]
    )
    tokenizer.decoder = decoders.Metaspace("▁", "always")
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary,
        special_tokens=["<pad>", "<s>", "</s>", "<unk>"],
        unk_token="<unk>",
        show_progress=False,
        max_piece_length=14,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=ends
    )
    tokenizer.enable_truncation(TOKENS)
    return tokenizer


def main():
    given, settings = arguments()
    pictured = {code for _, code in json.loads((given.build / "pictures.json").read_text())}
    data = concepts(given.packages, pictured)
    (given.build / "concepts.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    tokenizer = train_tokenizer(corpus(data), settings.vocabulary)
    given.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(given.out / "tokenizer.json"))
    print(f"names: {len(data['codes'])} concepts, {tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
