"""Word vectors without a download: the positive pointwise mutual information of neighbours, factorised.

Levy, Goldberg and Dagan 2015, Improving Distributional Similarity with Lessons Learned from Word Embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.utils.extmath import randomized_svd

WINDOW: Final = 5
SMOOTHING: Final = 0.75


def word_vectors(rows: Sequence[Sequence[int]], words: int, width: int) -> np.ndarray:
    """Return a vector for each word.

    Args:
        rows: word ids of each text; id 0 is padding.
        words: size of the vocabulary.
        width: of a vector; the last ones are zero if there are fewer words.

    Returns:
        float32 [word, width] of standard deviation 1, the row of padding zero.
    """
    counts = _neighbours(rows, words)
    seen = np.asarray(counts.sum(axis=1)).ravel()
    smoothed = seen**SMOOTHING
    entries = counts.tocoo()
    information = np.log(entries.data * smoothed.sum() / (seen[entries.row] * smoothed[entries.col]))
    positive = information > 0
    places = (entries.row[positive], entries.col[positive])
    matrix = csr_matrix((information[positive], places), shape=counts.shape)
    left, strengths, _ = randomized_svd(matrix, min(width, words - 1), random_state=0)
    vectors = np.zeros((words, width), dtype=np.float32)
    vectors[:, : left.shape[1]] = left * np.sqrt(strengths)
    vectors[0] = 0
    return vectors / max(float(vectors.std()), 1e-6)


def _neighbours(rows: Sequence[Sequence[int]], words: int) -> csr_matrix:
    """Count how often two words stand within five of each other, a pair at distance d as 1/d."""
    ids = np.array([word for row in rows for word in row], dtype=np.int64)
    text = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    firsts, seconds, weights = [], [], []
    for distance in range(1, WINDOW + 1):
        same = text[distance:] == text[:-distance]
        firsts.append(ids[:-distance][same])
        seconds.append(ids[distance:][same])
        weights.append(np.full(int(same.sum()), 1 / distance))
    first, second, weight = map(np.concatenate, (firsts, seconds, weights))
    counts = coo_matrix((weight, (first, second)), shape=(words, words)).tocsr()
    return counts + counts.T
