# SPDX-License-Identifier: Apache-2.0
"""The names of HTML's entities, and what open_clip makes of texts before they are tokenized, as the tests compare it: repairs.py <repository>"""

import html
import html.entities
import json
import pathlib
import random
import sys

import ftfy
from open_clip.tokenizer import _clean_canonicalize, _clean_whitespace, ftfy as used

used.fix_text = lambda text, fix=ftfy.fix_text: fix(text, fix_encoding=False)

PIECES = [
    "a", "Z", " ", "  ", "\t", "\n", "\r", "\r\n", "ö", "o\u0308", "é", "ß", "İ", "Σ", "犬", "ｶﾞ", "Ｌ", "　", "￥", "ﾞ", "👍🏽", "‘", "’", "‚", "‛", "“", "”", "„", "‟", "ʼ", "ﬁ", "ﬆ", "ﬅ", "ŉ", "Ǆ", "ǲ", "Ĳ",
    "\u0000", "\u0007", "\u000b", "\u000c", "\u001b[31m", "\u001b[", "\u001b", "\u007f", "\u0080", "\u0081", "\u0085", "\u0092", "\u009f", "\u00a0", "\u00ad", "\u200b", "\u200d", "\u2028", "\u2029", "\u206a",
    "\ufeff", "\ufff9", "\ufffc", "\ufffd", "<", ">", "<b>", "&", ";", "&amp;", "&amp", "&AMP;", "&lt;", "&lt", "&amp;amp;lt;", "&rsquo;", "&RSQUO;", "&EACUTE;", "&Eacute;", "&eacute", "&NTILDE;", "&nTILDE;", "&SZLIG;",
    "&notit;", "&notin;", "&not", "&x;", "&#39;", "&#x27;", "&#X27", "&#146;", "&#0;", "&#13;", "&#x3b;", "&#59", "&#xd800;", "&#1114112;", "&#99999999999;", "&#00000000065;", "&#11;", "&#xfdd0;", "&#x1ffff;", "&#128077;",
    "&NewLine;", "&Tab;", "&nbsp;", "&ZeroWidthSpace;", "&fjlig;", "&bne;", "&CounterClockwiseContourIntegral;", "&hearts", "&unknown;", "_", "!", "\"", "'", "1/2", "&frac12;", "½", "…", "—"]


def main(repository):
    with open(repository / "src/main/resources/org/opensearch/clip/core/text/html-entities.tsv", "w", newline="\n") as file:
        print("# SPDX-License-Identifier: Apache-2.0", file=file)
        print("# Named character references of HTML 5, as Python's html.entities.html5 has them, and their code points. Written by qa/parity/repairs.py", file=file)
        for name, text in sorted(html.entities.html5.items()):
            print(name, " ".join(f"{ord(c):X}" for c in text), sep="\t", file=file)
    chance = random.Random(5)
    texts = PIECES + ["".join(chance.choices(PIECES, k=chance.randint(2, 9))) for _ in range(800)]
    texts += [f"&{name}" for name in html.entities.html5] + [f"&{name.upper()}" for name in html.entities.html5]
    with open(repository / "src/test/resources/tokenizers/cleaned.tsv", "w", newline="\n") as file:
        for text in sorted(set(texts)):
            print(*(json.dumps(t)[1:-1] for t in (text, _clean_whitespace(text), _clean_canonicalize(text))), sep="\t", file=file)


main(pathlib.Path(sys.argv[1]))
