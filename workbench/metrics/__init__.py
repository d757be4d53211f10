"""Score generated images: the text they show, their drift from a reference, their fit to a prompt.

Importing this package loads numpy and Pillow only; torch, torchmetrics, transformers and the OCR engines are
imported by the functions that need them.
"""

from workbench.metrics.clip import ClipScorer
from workbench.metrics.drift import Drift, drift, mse, psnr, ssim, ssim_many, wrapped_mse, wrapped_psnr
from workbench.metrics.reader import TextReader, list_readers, open_reader, register_reader
from workbench.metrics.text import TextScores, character_precision_recall, corpus_f1, score_texts

__all__ = [
    "ClipScorer",
    "Drift",
    "TextReader",
    "TextScores",
    "character_precision_recall",
    "corpus_f1",
    "drift",
    "list_readers",
    "mse",
    "open_reader",
    "psnr",
    "register_reader",
    "score_texts",
    "ssim",
    "ssim_many",
    "wrapped_mse",
    "wrapped_psnr",
]
