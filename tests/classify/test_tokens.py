"""The contract of neural classifiers: tokens that know their characters, decisions that do not know their batch."""

from __future__ import annotations

import pytest
import torch

from tests.classify.materials import POSTS, scratch
from workbench.classify.classifier import Encoded
from workbench.classify.clean import cleaning_of
from workbench.classify.kinds.text_to_text import TextToTextClassifier
from workbench.classify.tokens import TokenClassifier
from workbench.errors import InputError


def test_a_batch_is_padded_and_its_content_marked(neural: TokenClassifier) -> None:
    encoded = neural.encode(POSTS)
    assert encoded.ids.shape == encoded.mask.shape == encoded.content.shape
    assert encoded.ids.dtype == encoded.mask.dtype == torch.int64
    assert encoded.content.dtype == torch.bool
    assert bool((encoded.mask[encoded.content] == 1).all())
    assert set(encoded.ids[encoded.mask == 0].tolist()) <= {neural.pad_id}
    assert encoded.mask.sum(dim=1).tolist() == [len(neural.tokens(post).ids) for post in POSTS]
    shapes = {tuple(map(len, rows)) for rows in (encoded.spans, encoded.pieces)}
    assert shapes == {(encoded.ids.shape[1],) * len(POSTS)}


def test_spans_cover_the_clean_words_in_the_raw_text(neural: TokenClassifier) -> None:
    encoded = neural.encode(POSTS)
    for row, post in enumerate(POSTS):
        covered = {place for start, stop in content_spans(encoded, row) for place in range(start, stop)}
        cleaned = cleaning_of(neural.card.cleaning)(post)
        words = {place for character, place in zip(cleaned.text, cleaned.places, strict=True) if character != " "}
        assert words <= covered
        starts = [start for start, _ in content_spans(encoded, row)]
        assert starts == sorted(starts)
    assert all(
        span == (0, 0)
        for row, spans in enumerate(encoded.spans)
        for place, span in enumerate(spans)
        if not encoded.content[row, place]
    )


def test_words_of_a_raw_text_are_found_where_they_stand() -> None:
    post = POSTS[0]
    encoded = scratch("bilstm").encode([post])
    words = [post[start:stop] for start, stop in content_spans(encoded, 0)]
    assert words == ["Hello", "you", "NICE", "lamp"]


def test_an_end_mark_in_a_post_is_text(neural: TokenClassifier) -> None:
    plain, marked = (neural.encode([post]) for post in ("a chair", "a </s> [SEP] chair"))
    special = set(neural.tokenizer.all_special_ids) - {neural.tokenizer.unk_token_id}
    assert not special & set(marked.ids[marked.content].tolist())
    assert int(marked.content.sum()) > int(plain.content.sum())


def test_a_decision_does_not_depend_on_the_batch(neural: TokenClassifier) -> None:
    together = neural.predict(POSTS)
    for post, prediction in zip(POSTS, together, strict=True):
        alone = neural.predict([post])[0]
        assert (alone.label, alone.out_of_class) == (prediction.label, prediction.out_of_class)
        assert alone.scores == pytest.approx(prediction.scores, abs=1e-6)
        assert sum(alone.scores) == pytest.approx(1, abs=1e-6)


def test_scores_are_the_softmax_of_the_logits(neural: TokenClassifier) -> None:
    encoded = neural.encode(POSTS)
    with torch.no_grad():
        logits = neural.logits(neural.embedding(encoded.ids), encoded.mask)
    assert logits.shape == (len(POSTS), 2) and logits.dtype == torch.float32
    scores = [list(prediction.scores) for prediction in neural.predict(POSTS)]
    torch.testing.assert_close(logits.softmax(dim=-1), torch.tensor(scores))


def test_gradients_reach_every_token_and_no_padding(neural: TokenClassifier) -> None:
    encoded = neural.encode(POSTS)
    embedded = neural.embedding(encoded.ids).detach().requires_grad_()
    neural.logits(embedded, encoded.mask)[:, 0].sum().backward()
    assert embedded.grad is not None
    sizes = embedded.grad.abs().sum(dim=-1)
    assert bool((sizes[encoded.mask == 0] == 0).all())
    if "convolution" not in type(neural).__module__:
        # A convolution answers to the windows with the largest responses only.
        assert bool((sizes[encoded.content] > 0).all())


def test_padding_changes_no_logits(neural: TokenClassifier) -> None:
    row = neural.encode([POSTS[1]])
    more = torch.full((1, 5), neural.pad_id)
    ids, mask = torch.cat([row.ids, more], dim=1), torch.cat([row.mask, torch.zeros_like(more)], dim=1)
    with torch.no_grad():
        short = neural.logits(neural.embedding(row.ids), row.mask)
        long = neural.logits(neural.embedding(ids), mask)
    torch.testing.assert_close(short, long, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("post", ["", "   \n"])
def test_an_empty_text_is_refused(neural: TokenClassifier, post: str) -> None:
    with pytest.raises(InputError, match="empty text"):
        neural.predict(["a lamp", post])


def test_a_text_that_is_empty_once_cleaned_says_so() -> None:
    with pytest.raises(InputError, match="after the cleaning 'hat5'"):
        scratch("gru").encode(["😀 123"])


def test_a_text_too_long_is_refused(neural: TokenClassifier) -> None:
    post = "lamp " * (neural.max_tokens + 1)
    refusal = neural.refusal(post)
    assert refusal is not None and f"at most {neural.max_tokens} tokens" in str(refusal)
    with pytest.raises(InputError, match="shorten"):
        neural.encode([post])
    assert neural.refusal("a lamp") is None


def test_no_text_at_all_is_refused(neural: TokenClassifier) -> None:
    with pytest.raises(InputError, match="at least one text"):
        neural.encode([])


def test_an_answer_that_is_no_label_is_out_of_class() -> None:
    classifier = scratch("t5-mini")
    assert isinstance(classifier, TextToTextClassifier)
    stray = classifier.tokenizer.convert_tokens_to_ids("▁lamp")
    zero, end = classifier.answers[0]
    answered = {
        label: [prediction.out_of_class for prediction in predictions_of(classifier, first, then)]
        for label, (first, then) in {"label": (zero, end), "word": (stray, end), "more": (zero, stray)}.items()
    }
    assert answered == {"label": [False], "word": [True], "more": [True]}


def test_greedy_decoding_agrees(tmp_path_factory: pytest.TempPathFactory) -> None:
    classifier = scratch("t5-mini")
    assert isinstance(classifier, TextToTextClassifier)
    encoded = classifier.encode(POSTS)
    written = classifier.module.generate(
        input_ids=encoded.ids, attention_mask=encoded.mask, max_new_tokens=3, do_sample=False
    )
    for answer, prediction in zip(written[:, 1:].tolist(), classifier.predict(POSTS), strict=True):
        label = classifier.answers[classifier.labels.index(prediction.label)]
        assert prediction.out_of_class == (answer[: len(label)] != label)


def predictions_of(classifier: TextToTextClassifier, first: int, then: int) -> list:
    """Return the decisions of the model made to answer two given pieces, whatever it reads."""
    original = classifier._steps

    def answer(states: torch.Tensor, mask: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros_like(original(states, mask, inputs))
        logits[:, 0, first] = 9.0
        logits[:, 1:, then] = 9.0
        return logits

    classifier._steps = answer
    try:
        return classifier.predict(["a lamp"])
    finally:
        classifier._steps = original


def content_spans(encoded: Encoded, row: int) -> list[tuple[int, int]]:
    """Return the spans of a row's content."""
    return [span for span, inside in zip(encoded.spans[row], encoded.content[row].tolist(), strict=True) if inside]
