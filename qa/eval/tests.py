"""The readers of the file formats and the arithmetic, without a node: qa/eval.sh --self-test."""

import json
import math
import tempfile
import unittest
from pathlib import Path

import datasets
import photographs
from metrics import best_precision, mean, precision, rank, recall, reliability, table


class Readers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name: str, text: str = ""):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def read(self, format: str):
        return {item.id: item for item in datasets.read(self.folder, format)}

    def test_csv_with_quotes_languages_and_categories(self):
        self.write("a/1.jpg"), self.write("2.jpg")
        self.write(
            "captions.csv",
            'image,text,text_de,category,fine_category\n'
            'a/1.jpg,"a ""red"" dress, long",ein Kleid,dresses,casual\n'
            'a/1.jpg,a second line,,dresses,casual\n'
            '2.jpg,a shirt,,tops,\n',
        )
        items = self.read("csv")
        self.assertEqual(items["a/1.jpg"].captions, {"en": ['a "red" dress, long', "a second line"], "de": ["ein Kleid"]})
        self.assertEqual((items["a/1.jpg"].category, items["a/1.jpg"].fine_category), ("dresses", "casual"))
        self.assertEqual(items["2.jpg"].captions, {"en": ["a shirt"]})
        self.assertEqual(items["2.jpg"].file, self.folder / "2.jpg")

    def test_csv_without_its_columns(self):
        self.write("captions.csv", "file,text\n1.jpg,a\n")
        with self.assertRaisesRegex(ValueError, "must have the columns image and text"):
            self.read("csv")

    def test_a_picture_that_is_not_there(self):
        self.write("captions.csv", "image,text\n1.jpg,a\n")
        with self.assertRaisesRegex(ValueError, "1 of 1 pictures are not there, the first is .*1.jpg"):
            self.read("csv")

    def test_flickr8k_takes_the_test_split(self):
        for name in ("1.jpg", "2.jpg"):
            self.write("Flicker8k_Dataset/" + name)
        self.write("Flickr8k.token.txt", "1.jpg#0\tA dog .\n1.jpg#1\tTwo dogs .\n2.jpg#0\tA cat .\n")
        self.assertEqual(list(self.read("flickr8k")), ["1.jpg", "2.jpg"])
        self.write("Flickr_8k.testImages.txt", "1.jpg\n")
        items = self.read("flickr8k")
        self.assertEqual({id: item.captions for id, item in items.items()}, {"1.jpg": {"en": ["A dog .", "Two dogs ."]}})
        self.assertEqual(items["1.jpg"].file, self.folder / "Flicker8k_Dataset/1.jpg")

    def test_flickr8k_of_kaggle(self):
        self.write("Images/1.jpg")
        self.write("captions.txt", 'image,caption\n1.jpg,"A dog, running ."\n1.jpg,Two dogs .\n')
        self.assertEqual(self.read("flickr8k")["1.jpg"].captions, {"en": ["A dog, running .", "Two dogs ."]})

    def test_flickr30k_in_its_three_forms(self):
        self.write("flickr30k-images/1.jpg"), self.write("flickr30k-images/2.jpg")
        self.write("results.csv", "image_name| comment_number| comment\n1.jpg| 0| A man | a hat .\n")
        self.assertEqual(self.read("flickr30k")["1.jpg"].captions, {"en": ["A man | a hat ."]})
        self.write("results_20130124.token", "1.jpg#0\tA man .\n2.jpg#0\tA car .\n")
        self.assertEqual(self.read("flickr30k")["2.jpg"].captions, {"en": ["A car ."]})
        self.write("dataset_flickr30k.json", json.dumps({"images": [
            {"filename": "1.jpg", "split": "test", "sentences": [{"raw": "A man ."}, {"raw": "One man ."}]},
            {"filename": "2.jpg", "split": "train", "sentences": [{"raw": "A car ."}]}]}))
        self.assertEqual({id: i.captions for id, i in self.read("flickr30k").items()}, {"1.jpg": {"en": ["A man .", "One man ."]}})

    def test_coco_with_the_category_of_the_largest_object(self):
        self.write("val2017/7.jpg")
        self.write("annotations/captions_val2017.json", json.dumps({
            "images": [{"id": 7, "file_name": "7.jpg"}, {"id": 8, "file_name": "8.jpg"}],
            "annotations": [{"image_id": 7, "caption": "A cat. "}, {"image_id": 7, "caption": "A cat on a bed."}]}))
        item = self.read("coco")["7.jpg"]
        self.assertEqual((item.captions, item.category), ({"en": ["A cat.", "A cat on a bed."]}, ""))
        self.write("annotations/instances_val2017.json", json.dumps({
            "categories": [{"id": 1, "supercategory": "animal", "name": "cat"}, {"id": 2, "supercategory": "furniture", "name": "bed"}],
            "annotations": [{"image_id": 7, "category_id": 2, "area": 90.5}, {"image_id": 7, "category_id": 1, "area": 12}]}))
        item = self.read("coco")["7.jpg"]
        self.assertEqual((item.category, item.fine_category), ("furniture", "bed"))

    def test_the_pictures_of_the_demo(self):
        items = datasets.read(Path(__file__).parent.parent / "pictures", "pictures")
        self.assertEqual((len(items), {item.pool for item in items}), (500, {"noto", "openmoji"}))
        apple = next(item for item in items if item.id == "noto/1F34E")
        self.assertEqual((apple.captions["de"], apple.category, apple.fine_category), (["roter apfel"], "food and drink", "fruit"))

    def test_the_photographs_of_the_demo(self):
        items = datasets.read(Path(__file__).parent.parent / "pictures", "photographs")
        self.assertGreaterEqual(len(items), 100)
        coffee = next(item for item in items if item.id == "coffee")
        self.assertEqual((coffee.captions, coffee.category), ({"en": ["a cup of coffee"]}, "tableware"))
        self.assertTrue(all(item.file.stat().st_size <= 60_000 for item in items))

    def test_photographs_by_synset_and_name(self):
        self.write("n01440764_tench.JPEG"), self.write("n01491361_Tiger_shark.JPEG"), self.write("README.md")
        self.assertEqual([(p.synset, p.name) for p in photographs.photographs(self.folder)], [("n01440764", "tench"), ("n01491361", "tiger shark")])
        with self.assertRaisesRegex(ValueError, "git clone"):
            photographs.photographs(self.folder / "nothing")

    def test_kinds_are_of_several_classes(self):
        kinds = photographs.kinds()
        self.assertIn("n02123045", kinds["a cat"])
        self.assertTrue(all(len(synsets) >= 3 for synsets in kinds.values()))


class Arithmetic(unittest.TestCase):
    def test_reliability_compares_what_is_said_with_what_is(self):
        rows, error = reliability([0.95, 0.85, 1.0, 0.05], [True, False, True, False])
        self.assertEqual([row[:2] for row in rows], [["0 to 0.1", 1], ["0.8 to 0.9", 1], ["0.9 to 1", 2]])
        self.assertAlmostEqual(error, 0.25 * 0.05 + 0.25 * 0.85 + 0.5 * 0.025)

    def test_precision_counts_what_was_not_found_as_wrong(self):
        self.assertEqual(precision(["a", "b", "a", "a"], "a", 2), 0.5)
        self.assertEqual(precision(["a", "a"], "a", 4), 0.5)

    def test_best_precision_is_that_of_a_perfect_order(self):
        # each of three a finds 2 of 2 others, the one b finds none
        self.assertEqual(best_precision(["a", "a", "a", "b"], 2), 0.75)
        self.assertEqual(best_precision(["a", "a", "a", "b"], 4), 0.375)

    def test_recall_counts_queries(self):
        ranks = [0, 4, 5, None]
        self.assertEqual([recall(ranks, k) for k in (1, 5, 10)], [0.25, 0.5, 0.75])

    def test_rank_is_that_of_the_first_right_hit(self):
        self.assertEqual(rank(["x", "b", "a"], {"a", "b"}), 1)
        self.assertIsNone(rank(["x"], {"a"}))

    def test_mean_of_nothing_is_no_number(self):
        self.assertTrue(math.isnan(mean([])))

    def test_tables_are_aligned(self):
        self.assertEqual(table(["", "text"], [["P@10", 0.5], ["x", "-"]]), "        text\nP@10  0.5000\nx          -")


if __name__ == "__main__":
    unittest.main()
