# SPDX-License-Identifier: Apache-2.0
"""The network's classes in WordNet 3.1: what each is called, and the kinds that it belongs to.

The classes are synsets of WordNet 3.0 by their numbers; 3.1 has other numbers, so a class is found again by its words and its definition.
"""

import collections
import re


class Synset:
    def __init__(self, words, parents, gloss):
        self.words, self.parents, self.gloss = words, parents, gloss


def read(folder):
    """number -> Synset, of all nouns"""
    synsets = {}
    for line in (folder / "data.noun").read_text().splitlines():
        if line.startswith(" "):
            continue
        head, gloss = line.split(" | ", 1)
        fields = head.split()
        words = [fields[4 + 2 * i].replace("_", " ") for i in range(int(fields[3], 16))]
        pointers = fields[5 + 2 * len(words) :]
        parents = [pointers[i + 1] for i in range(0, 4 * int(fields[4 + 2 * len(words)]), 4) if pointers[i] in ("@", "@i")]
        synsets[fields[0]] = Synset(words, parents, gloss.strip())
    return synsets


def words(text):
    return set(re.findall(r"\w+", text.lower()))


class Classes:
    """`names[i]`: synonyms of class i, the usual one first; `kinds`: (synonyms, classes) of all that some classes are hyponyms of."""

    def __init__(self, nouns, ids, lemmas, definitions, largest):
        self.names = [[name.strip() for name in lemmas[one].split(",")] for one in ids]
        by_word = collections.defaultdict(list)
        for number, synset in nouns.items():
            for word in synset.words:
                by_word[word.lower()].append(number)
        self.synsets = [self.same(nouns, by_word, names, definitions[one]) for names, one in zip(self.names, ids)]
        members = collections.defaultdict(set)
        for index, synset in enumerate(self.synsets):
            for kind in self.above(nouns, synset):
                members[kind].add(index)
        own = set(self.synsets)
        self.kinds = [(nouns[kind].words, sorted(found)) for kind, found in members.items() if kind not in own and len(found) <= largest]

    @staticmethod
    def same(nouns, by_word, names, definition):
        asked, meant = {name.lower() for name in names}, words(definition)

        def likeness(number):
            found = {word.lower() for word in nouns[number].words}
            return len(found & asked) / len(found | asked) + len(words(nouns[number].gloss) & meant) / max(1, len(meant))

        return max((number for name in names for number in by_word[name.lower()]), key=lambda number: (likeness(number), number))

    @staticmethod
    def above(nouns, synset):
        """All hypernyms, nearest first."""
        found, queue = [], [synset]
        while queue:
            for parent in nouns[queue.pop(0)].parents:
                if parent not in found:
                    found.append(parent)
                    queue.append(parent)
        return found


def table(file):
    return dict(line.split("\t", 1) for line in file.read_text().splitlines())


def classes(packages, largest):
    info = packages / "timm" / "data" / "_info"
    ids = (info / "imagenet_synsets.txt").read_text().split()
    return Classes(
        read(packages / "wordnet" / "package" / "dict"), ids,
        table(info / "imagenet_synset_to_lemma.txt"), table(info / "imagenet_synset_to_definition.txt"), largest,
    )  # fmt: skip
