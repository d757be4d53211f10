"""The verb: complete, zero outside the text, independent of the batch, and true to Captum."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from captum.attr import IntegratedGradients

from tests.attribute.conftest import TEXTS
from workbench import Attribution, attribute, register_baseline
from workbench.attribute import baselines
from workbench.attribute.problem import margin
from workbench.attribute.registry import list_methods
from workbench.classify.tokens import TokenClassifier
from workbench.errors import InputError


def test_scores_are_complete_and_zero_outside_the_text(neural: TokenClassifier) -> None:
    for text in attribute(neural, TEXTS):
        content = neural.encode([text.text]).content[0].tolist()
        assert text.certified is True
        assert text.absolute_gap <= 0.01 * max(abs(text.change), 0.1)
        assert not any(score for score, inside in zip(text.scores, content, strict=True) if not inside)
        assert any(text.scores)


def test_decisions_are_those_of_the_classifier(neural: TokenClassifier) -> None:
    for text, decided in zip(attribute(neural, TEXTS, "gradient_x_input"), neural.predict(TEXTS), strict=True):
        assert text.prediction == text.target == decided.label
        assert tuple(text.probabilities.values()) == pytest.approx(decided.scores, abs=1e-5)
        others = 1 - text.probability
        assert text.at_input == pytest.approx(torch.tensor(text.probability / others).log().item(), abs=1e-3)


@pytest.mark.parametrize("method", list_methods())
def test_a_text_is_explained_alike_alone_and_among_others(t5: TokenClassifier, method: str) -> None:
    texts, numbers = ["a rotten", "you"], {"nodes": 3, "samples": 2}
    together = attribute(t5, texts, method, **numbers)
    assert [one for text in texts for one in attribute(t5, text, method, **numbers)] == list(together)


def test_certificates_do_not_depend_on_the_batch(neural: TokenClassifier) -> None:
    assert [attribute(neural, text)[0] for text in TEXTS] == list(attribute(neural, TEXTS))


def test_padding_decides_nothing(neural: TokenClassifier) -> None:
    """What the path of a text passes is what the classifier decides of it in a padded batch."""
    batch = neural.encode(TEXTS)
    with torch.no_grad():
        padded = neural.logits(neural.embedding(batch.ids), batch.mask)
    for row, text in enumerate(attribute(neural, TEXTS, "random")):
        label = neural.labels.index(text.target)
        assert text.at_input == pytest.approx(float(margin(padded[row : row + 1], label)), abs=1e-4)


def test_fixed_nodes_are_captums(neural: TokenClassifier) -> None:
    text = attribute(neural, TEXTS[0], nodes=12)[0]
    tokens = neural.encode(TEXTS[:1])
    ids = torch.where(tokens.content, neural.pad_id, tokens.ids)
    ends = neural.embedding(tokens.ids).detach(), neural.embedding(ids).detach()
    label = neural.labels.index(text.target)

    def difference(points: torch.Tensor) -> torch.Tensor:
        logits = neural.logits(points, tokens.mask.expand(len(points), -1))
        return logits[:, label] - logits[:, 1 - label]

    expected = IntegratedGradients(difference).attribute(*ends, n_steps=12)[0].sum(dim=-1)
    assert text.scores == pytest.approx(tuple(expected.tolist()), abs=1e-5)
    assert (text.nodes, text.forward, text.backward, text.certified) == (12, 14, 12, None)


def test_the_other_label_gets_the_opposite_scores(learnt: TokenClassifier) -> None:
    rude, kind = (attribute(learnt, TEXTS[0], target=label, nodes=8)[0] for label in ("rude", "kind"))
    assert rude.scores == pytest.approx([-score for score in kind.scores], abs=1e-6)
    assert rude.target == "rude"


def test_the_margin_of_many_labels_is_the_log_odds() -> None:
    logits = torch.tensor([[1.0, -0.5, 2.0]])
    chance = logits.softmax(dim=1)[0, 1]
    assert float(margin(logits, 1)) == pytest.approx(float((chance / (1 - chance)).log()), abs=1e-6)


def test_the_rude_word_speaks_for_rude(learnt: TokenClassifier) -> None:
    for method in ("ig", "sequential_ig", "shapley", "leave_one_out"):
        words = attribute(learnt, "lamp table rotten chair door", method, target="rude")[0].words
        assert max(words, key=lambda word: word.score).text == "rotten", method


def test_how_many_points_are_evaluated_at_once_decides_nothing(learnt: TokenClassifier) -> None:
    for method in ("ig", "idgi", "shapley", "leave_one_out"):
        few, many = (attribute(learnt, TEXTS[0], method, rows=rows)[0] for rows in (4, 64))
        assert few.scores == pytest.approx(many.scores, abs=1e-4)
        assert few.passes == many.passes


def test_every_baseline_has_scores_of_its_own(learnt: TokenClassifier) -> None:
    names = ("pad", "zero", "mean", "text_mean", "random")
    found = [attribute(learnt, TEXTS[0], baseline=name)[0] for name in names]
    assert all(text.certified for text in found)
    assert len({text.at_baseline for text in found}) >= 4
    assert len({text.at_input for text in found}) == 1


def test_baselines_are_registered_by_name(learnt: TokenClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines._FILLS, "_entries", dict(baselines._FILLS._entries))
    register_baseline("first")(lambda classifier, ids, seed: classifier.embedding(ids[:1].expand(len(ids))))
    text = attribute(learnt, TEXTS[0], baseline="first")[0]
    assert text.scores[0] == 0 and any(text.scores[1:])
    for taken in ("first", "Upper"):
        with pytest.raises(InputError, match="lower-case"):
            register_baseline(taken)


def test_a_result_is_saved_and_read_back(learnt: TokenClassifier, tmp_path: Path) -> None:
    result = attribute(learnt, TEXTS)
    result.save(tmp_path / "a.json")
    assert Attribution.load(tmp_path / "a.json") == result
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    table = result.to_dataframe()
    assert len(table) == sum(len(text.tokens) for text in result)
    assert table["score"].tolist() == [score for text in result for score in text.scores]
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(InputError, match=r"Attribution\.save"):
        Attribution.load(tmp_path / "b.json")


def test_progress_is_told(learnt: TokenClassifier) -> None:
    told: list[tuple[int, int]] = []
    attribute(learnt, TEXTS, "random", on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
