"""What the articles report, to be printed beside our own figures of the same collection.

Sources: "jina-clip-v1", "jina-clip-v2" and "Beyond CLIP", Jina AI's blog.
"""

# Precision at k of 1,000 queries on Fashion200k, broad / fine categories.
FASHION200K = {
    10: {"text": (0.9026, 0.2314), "image": (0.7614, 0.2037), "mean": (0.9230, 0.2711)},
    20: {"text": (0.9150, 0.2316), "image": (0.7523, 0.1964), "mean": (0.9229, 0.2631)},
    50: {"text": (0.9134, 0.2254), "image": (0.7418, 0.1750), "mean": (0.9226, 0.2390)},
    100: {"text": (0.9092, 0.2139), "image": (0.7258, 0.1675), "mean": (0.9150, 0.2286)},
}

# Recall at 5 in percent: picture -> text, text -> picture. Those of Crossmodal-3600 and XTD10 are means over languages.
RECALL_AT_5 = {
    "flickr30k": {"jina-clip-v2": (98.0, 89.8), "jina-clip-v1": (96.4, 89.0), "nllb-clip-large-siglip": (97.1, 92.2)},
    "coco": {"jina-clip-v2": (81.5, 68.4), "jina-clip-v1": (78.9, 66.5), "nllb-clip-large-siglip": (79.2, 70.8)},
    "xm3600": {"jina-clip-v2": (83.23, 81.43), "nllb-clip-large-siglip": (80.16, 82.07)},
    "multilingual-coco": {"jina-clip-v2": (86.03, 84.87), "nllb-clip-large-siglip": (85.37, 87.60)},
    "xtd10": {"jina-clip-v2": (85.98, 85.03), "nllb-clip-large-siglip": (85.41, 87.63)},
}

# Averages over MTEB retrieval, CIFAR-100, Flickr8k, Flickr30k and COCO; no figure of Flickr8k alone is given.
FLICKR8K = "The articles give no figure of Flickr8k alone; average of five benchmarks, text -> picture / picture -> text: jina-clip-v1 0.899 / 0.803, OpenAI ViT-B/16 0.881 / 0.756"

DATASETS = ["fashion200k", "flickr8k", *RECALL_AT_5]
