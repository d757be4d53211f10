"""Vocabularies trained on the texts at hand: whole words, or pieces for a T5 that starts from nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tokenizers import Tokenizer
from tokenizers.models import Unigram, WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Metaspace, Whitespace
from tokenizers.trainers import UnigramTrainer, WordLevelTrainer
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration, T5Tokenizer

from workbench.classify.clean import cleaning_of
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.classify.settings import ClassifierSettings

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"
SENTINELS: Final = 20
LEAST_OFTEN: Final = 2


def word_tokenizer(texts: Iterable[str], size: int) -> PreTrainedTokenizerFast:
    """Return a tokeniser of the commonest words and marks, lower-cased; a word must occur twice."""
    tokenizer = Tokenizer(WordLevel(unk_token=UNKNOWN))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    trainer = WordLevelTrainer(
        vocab_size=size, min_frequency=LEAST_OFTEN, special_tokens=[PAD, UNKNOWN], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, unk_token=UNKNOWN)


def piece_tokenizer(texts: Iterable[str], size: int, answers: Sequence[str]) -> T5Tokenizer:
    """Return T5's tokeniser over SentencePiece-style unigram pieces of the texts.

    Each answer gets a piece of its own, so that no two answers begin alike.

    Raises:
        InputError: the texts hold too few pieces to learn from.
    """
    tokenizer = Tokenizer(Unigram())
    tokenizer.pre_tokenizer = Metaspace()
    own = [f"▁{answer}" for answer in answers]
    trainer = UnigramTrainer(
        vocab_size=size - len(own), special_tokens=[PAD, END, UNKNOWN], unk_token=UNKNOWN, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    pieces = [(piece, score) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"] if piece not in own]
    if len(pieces) < len(own):
        raise InputError("texts to learn pieces from", f"{len(pieces)} pieces", "give more texts")
    certain = max(score for piece, score in pieces[3:])
    return T5Tokenizer(vocab=[*pieces, *[(piece, certain) for piece in own]], extra_ids=SENTINELS)


def new_t5(texts: Sequence[str], answers: Sequence[str], settings: ClassifierSettings) -> tuple[Any, T5Tokenizer]:
    """Return a small untrained T5 and its tokeniser, whose vocabulary is that of the clean texts."""
    clean = cleaning_of(settings.cleaning)
    tokenizer = piece_tokenizer((clean(text).text for text in texts), settings.vocabulary, answers)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=settings.width,
        d_kv=settings.width // settings.heads,
        d_ff=2 * settings.width,
        num_heads=settings.heads,
        num_layers=settings.layers,
        num_decoder_layers=1,
        dropout_rate=settings.dropout,
        feed_forward_proj="gated-gelu",
        n_positions=settings.max_tokens,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    return T5ForConditionalGeneration(config), tokenizer
