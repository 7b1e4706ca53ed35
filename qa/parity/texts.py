# SPDX-License-Identifier: Apache-2.0
"""What tokenizers are trained on, and the texts that are compared."""

CORPUS = """a photo of a red running shoe on a wooden floor and a green leaf in the morning rain
two small dogs play with a ball near the river while the children watch them from a bridge
a black and white drawing of an old house under the moon, with a tree, a bicycle and three cats
the quick brown fox jumps over the lazy dog; pack my box with five dozen liquor jugs
ein Foto von einem roten Schuh auf dem Boden, und ein grünes Blatt im Regen am Morgen, schöne Häuser und große Straßen
une photo de deux petits chiens qui jouent près de la rivière avec des élèves français où il fait déjà nuit
una fotografía de un niño con una guitarra pequeña en la montaña; ¿dónde está el corazón?
uma fotografia de um cão na praia com três crianças e um avião, não há ninguém
zdjęcie czerwonego buta na podłodze, żółty kot śpi w łóżku, źródło wody
bir çocuk ve küçük bir köpek yağmurda koşuyor, ağaçlar yeşil, İstanbul ışıkları
một đôi giày màu đỏ trên sàn gỗ, con chó chơi với quả bóng dưới mưa
собака и кошка играют с мячом у реки; фотография красной обуви на деревянном полу
червоний черевик на дерев'яній підлозі, їжак і ґудзик
μια φωτογραφία ενός κόκκινου παπουτσιού στο πάτωμα και ένα πράσινο φύλλο
կարմիր կոշիկի լուսանկար փայտե հատակին
წითელი ფეხსაცმლის ფოტო ხის იატაკზე
תמונה של נעל אדומה על רצפת עץ ושני כלבים קטנים
صورة لحذاء أحمر على أرضية خشبية وكلبان صغيران يلعبان بالكرة
عکسی از یک کفش قرمز روی کف چوبی و دو سگ کوچک
लकड़ी के फर्श पर लाल जूते की तस्वीर और दो छोटे कुत्ते खेलते हैं
কাঠের মেঝেতে একটি লাল জুতার ছবি
மரத் தரையில் ஒரு சிவப்பு காலணியின் புகைப்படம்
చెక్క నేలపై ఎరుపు బూట్ల ఫోటో
ภาพถ่ายของรองเท้าสีแดงบนพื้นไม้และสุนัขตัวเล็กสองตัว
រូបថតនៃស្បែកជើងក្រហម
အနီရောင်ဖိနပ်ဓာတ်ပုံ
በእንጨት ወለል ላይ ቀይ ጫማ ፎቶ
나무 바닥 위의 빨간 신발 사진 강아지 두 마리가 공을 가지고 놀고 있다
木の床の上の赤い靴の写真 犬と猫が川で遊ぶ カメラ
木地板上的红鞋照片 两只小狗在河边玩球 猫
don't they're we'll I've it's he'd 12 345 2024 50% #1 @home (hello) [world] {x} a/b a_b a-b "q" 'q' $5 = 6 + 7 * 8 < 9 > 0 ~ ^ | \\ `""".split("\n")

_MANY = " ".join(CORPUS[:4])

TEXTS = {
    "scripts": CORPUS[4:30],
    "plain": [
        "a photo of a dog", "A PHOTO OF A DOG!", "red running shoe", "x", "a photo of a dog.", "the dog's ball; they're WE'LL I'D",
        "12 345,678.90 €", "C++ & C# <b>bold</b> &amp; &lt;3", "e-mail: someone@example.org, https://example.org/a?b=c#d", "snake_case camelCase kebab-case",
        "“quotes” ‘single’ – dash — em … ellipsis", "!!!???...--- (a) [b] {c}", "日本語とEnglishの混在テキスト123"],
    "normal forms": [
        "Grüne Blätter, ÉLÈVE", "e\u0301le\u0300ve Gru\u0308ne", "ﬁne ﬂour eﬃcient", "Ａｂｃ １２３ ①②③ ㎏ ℡ ™", "\u1e9b\u0323 \u212b \u2126 \u00c5",
        "İstanbul ıI ẞß ŒœÆæ", "\uac00 \u1100\u1161 \ud55c\uae00 \u1112\u1161\u11ab", "\ufdfa \u0623 \u0627\u0654", "Z̴̡̛͈a̷l̶g̵o̸ t̷e̶x̵t̴", "क्षि क्\u200dषि ஶ்ரீ", "ｶﾞ ガ か\u3099 が"],
    "emoji": [
        "👩‍👩‍👧‍👦 family", "🇩🇪🇫🇷 flags", "☕️ ☕ ❤️‍🔥", "👍🏽 thumbs 👍", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩🏿‍🚀 in space 🚀", "1️⃣2️⃣", "text😀without😀spaces", "🫨🪿"],
    "whitespace": [
        "  two   small\tdogs \n play  ", "\r\n\r\n a \r b", "tab\u00a0nbsp\u3000ideographic\u200bzero\u2009thin\u2028line\u2029paragraph", "\ufeffbyte order mark", "a\u0085b\u000bc\u000cd",
        "trailing space ", " leading space", "\u00a0"],
    "right to left": ["\u202eabc\u202c def", "עברית and English שלום 123", "مرحبا \u200fبالعالم\u200e 2024 (test)", "\u2067isolate\u2069 text", "السَّلَامُ عَلَيْكُمْ"],
    "controls": ["x\u0000y", "\u0001\u0002bell\u0007 esc\u001b[31m", "del\u007f c1\u009f", "\ufffd replacement \ufffe", "soft\u00adhyphen wo\u2060rd joiner", "\U000e0001tag \U0010fffd private \ue000"],
    "special tokens": ["<|startoftext|> in text <|endoftext|>", "[CLS] x [SEP] [MASK] [UNK] [PAD]", "</s> <s> <pad> <unk> <mask>", "<eos> <bos> eng_Latn", "▁lower▁one eighth block"],
    "long": [" ".join((_MANY + " ") .split() * 6)[:2400], ("red " * 400).strip(), " ".join(CORPUS[11:30]), "dog, " * 100, _MANY * 40],
    "one word": ["a" * 300, "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3, "犬" * 300, "😀" * 120, "1" * 300, "-" * 300],
}

EMPTY = ["", " ", "\t\n  ", "\u3000 \u2003"]
"""Blank: the API answers each of them with an error, whatever a tokenizer would make of it."""


def all_texts():
    return [(kind, text) for kind, texts in TEXTS.items() for text in texts]
