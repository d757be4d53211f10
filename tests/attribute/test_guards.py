"""Known traps: each is handled or refused with its reason, before anything is computed."""

from __future__ import annotations

from unittest.mock import patch

import pytest
import torch
from torch import nn

from tests.attribute.conftest import TEXTS
from tests.classify.materials import posts, scratch
from workbench import attribute
from workbench.classify.kind import kinds_from_scratch
from workbench.classify.settings import ClassifierSettings
from workbench.classify.tokens import TokenClassifier
from workbench.errors import InputError, RefusedError

TEXT = TEXTS[0]


def test_a_shared_embedding_changes_nothing(t5: TokenClassifier) -> None:
    """After a resize, encoder and decoder call one module; scores still belong to the encoder's tokens."""
    before = attribute(t5, TEXT)[0]
    module = t5.module
    module.set_input_embeddings(module.get_input_embeddings())
    assert module.encoder.embed_tokens is module.decoder.embed_tokens
    after = attribute(t5, TEXT)[0]
    assert after.scores == pytest.approx(before.scores, abs=1e-6)
    assert len(after.scores) == len(t5.encode([TEXT]).ids[0])


def test_a_shared_embedding_is_refused_as_a_layer(t5: TokenClassifier) -> None:
    module = t5.module
    module.set_input_embeddings(module.get_input_embeddings())
    with pytest.raises(RefusedError, match="puts out"):
        attribute(t5, TEXT, "layer_ig", layers=["encoder.embed_tokens"])


@pytest.mark.parametrize("layer", ["decoder.block.0", "shared", "lm_head"])
def test_layers_that_do_not_run_over_the_text_are_refused(t5: TokenClassifier, layer: str) -> None:
    with pytest.raises(RefusedError, match="puts out"):
        attribute(t5, TEXT, "layer_ig", layers=[layer])
    assert all(not module._forward_hooks for module in t5.module.modules())


def test_layers_beside_which_the_decision_passes_are_refused(t5: TokenClassifier) -> None:
    with pytest.raises(RefusedError, match="the whole decision passes"):
        attribute(t5, TEXT, "layer_ig", layers=["encoder.block.0.layer.0.SelfAttention"])


def test_packed_recurrence_is_refused_as_a_layer(learnt: TokenClassifier) -> None:
    with pytest.raises(RefusedError, match="PackedSequence"):
        attribute(learnt, TEXT, "layer_ig", layers=["recurrence"])


def test_unknown_layers_are_refused(t5: TokenClassifier) -> None:
    with pytest.raises(InputError, match=r"encoder\.block"):
        attribute(t5, TEXT, "layer_ig", layers=["encoder.blocks"])


def test_the_zero_vector_is_refused_under_rms_norms(t5: TokenClassifier) -> None:
    with pytest.raises(RefusedError, match="no quadrature settles"):
        attribute(t5, TEXT, baseline="zero")


def test_the_zero_vector_suits_other_networks(learnt: TokenClassifier) -> None:
    assert attribute(learnt, TEXT, baseline="zero")[0].certified


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_weights_below_float32_are_refused(t5: TokenClassifier, kind: torch.dtype) -> None:
    t5.module.to(kind)
    with pytest.raises(RefusedError, match=r"bfloat16|float16"):
        attribute(t5, TEXT)


def test_recurrent_layers_run_without_cudnn_in_eval_mode(learnt: TokenClassifier) -> None:
    seen: set[tuple[bool, bool]] = set()
    plain = learnt.logits

    def watched(embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        seen.add((torch.backends.cudnn.enabled, learnt.module.training))
        return plain(embedded, mask)

    learnt.module.train()
    with patch.object(learnt, "logits", watched):
        attribute(learnt, TEXT)
    assert seen == {(False, False)}
    assert torch.backends.cudnn.enabled


def test_other_networks_keep_cudnn(t5: TokenClassifier) -> None:
    assert not any(isinstance(part, nn.RNNBase) for part in t5.module.modules())
    seen: set[bool] = set()
    plain = t5.logits

    def watched(embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        seen.add(torch.backends.cudnn.enabled)
        return plain(embedded, mask)

    with patch.object(t5, "logits", watched):
        attribute(t5, TEXT, "gradient_x_input")
    assert seen == {True}


def test_classifiers_without_embeddings_are_refused() -> None:
    data = posts()
    linear = kinds_from_scratch()["linear"].create(data.texts, data.labels, ClassifierSettings(), None)
    with pytest.raises(RefusedError, match="a linear classifier's weights are its explanation"):
        attribute(linear, TEXT)


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        ([], {}, "at least one text"),
        (["  "], {}, "empty text"),
        (["lamp " * 200], {}, "tokens"),
        ([TEXT, ""], {}, "empty text"),
        ([TEXT], {"method": "magic"}, "leave_one_out"),
        ([TEXT], {"baseline": "nothing"}, "text_mean"),
        ([TEXT], {"target": "angry"}, "kind, rude"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(
    learnt: TokenClassifier, texts: list[str], options: dict[str, str], message: str
) -> None:
    with patch.object(learnt, "logits", side_effect=AssertionError), pytest.raises(InputError, match=message):
        attribute(learnt, texts, **options)


def test_weights_and_hooks_stay_as_they_were() -> None:
    classifier = scratch("t5-mini")
    before = {name: weight.clone() for name, weight in classifier.module.state_dict().items()}
    attribute(classifier, posts().texts[:1], "layer_ig", nodes=3)
    after = classifier.module.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert all(weight.grad is None for weight in classifier.module.parameters())
    assert all(not part._forward_hooks for part in classifier.module.modules())
