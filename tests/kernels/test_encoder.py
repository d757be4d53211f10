"""Packed encoders against those of transformers that they are made of, and their two small kernels."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from transformers import (
    AlbertConfig,
    AlbertModel,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    T5Config,
    T5EncoderModel,
    T5ForConditionalGeneration,
)
from workbench_kernels import KernelRefusal, pack, pack_encoder, unpack
from workbench_kernels.encoder import activation, activation_kernel, norm, norm_kernel
from workbench_kernels.packed import gather

from tests.kernels.cases import assert_as_good

LENGTHS = (7, 1, 12, 4)
SMALL = {"vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 32}
TINY_T5 = {"vocab_size": 40, "d_model": 24, "d_kv": 8, "d_ff": 32, "num_layers": 3, "num_heads": 3}


def _t5(**more: Any) -> nn.Module:
    return T5EncoderModel(T5Config(**TINY_T5, **more)).encoder


BUILDERS = {
    "bert": lambda: BertModel(BertConfig(**SMALL)),
    "distilbert": lambda: DistilBertModel(
        DistilBertConfig(vocab_size=40, dim=24, n_heads=3, n_layers=3, hidden_dim=32)
    ),
    "albert": lambda: AlbertModel(AlbertConfig(**SMALL, embedding_size=16, num_hidden_groups=2, inner_group_num=2)),
    "t5": _t5,
    "t5, gated": lambda: _t5(feed_forward_proj="gated-gelu"),
}


def _batch(left: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    mask = torch.arange(12) < torch.tensor(LENGTHS)[:, None]
    mask = mask.flip(1) if left else mask
    return torch.randint(3, 40, mask.shape) * mask, mask.long()


def _stirred(model: nn.Module) -> nn.Module:
    """Give every weight a value of its own, so that forgotten biases and norms show."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return model.eval()


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("name", BUILDERS)
@torch.no_grad()
def test_tokens_get_the_same_states_as_in_the_padded_model(name: str, left: bool) -> None:
    torch.manual_seed(0)
    model = _stirred(BUILDERS[name]())
    tokens, mask = _batch(left)
    expected, found = model(tokens, attention_mask=mask), pack_encoder(model)(tokens, attention_mask=mask)
    kept = mask.bool()
    torch.testing.assert_close(found.last_hidden_state[kept], expected.last_hidden_state[kept], rtol=1e-4, atol=1e-5)
    assert not found.last_hidden_state[~kept].any()
    if expected.get("pooler_output") is not None and not left:
        torch.testing.assert_close(found.pooler_output, expected.pooler_output, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_it_takes_the_encoders_place_in_a_classifier() -> None:
    torch.manual_seed(0)
    classifier = _stirred(BertForSequenceClassification(BertConfig(**SMALL)))
    tokens, mask = _batch()
    kinds = torch.randint(0, 2, tokens.shape)
    expected = classifier(tokens, attention_mask=mask, token_type_ids=kinds).logits
    classifier.bert = pack_encoder(classifier.bert)
    found = classifier(tokens, attention_mask=mask, token_type_ids=kinds).logits
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_it_takes_the_encoders_place_in_a_t5() -> None:
    torch.manual_seed(0)
    model = _stirred(T5ForConditionalGeneration(T5Config(**TINY_T5, decoder_start_token_id=0)))
    tokens, mask = _batch()
    expected = model.generate(tokens, attention_mask=mask, max_new_tokens=5)
    model.encoder = pack_encoder(model.encoder)
    assert torch.equal(model.generate(tokens, attention_mask=mask, max_new_tokens=5), expected)


def test_gradients_reach_embeddings_as_attribution_needs_them() -> None:
    torch.manual_seed(0)
    model = _stirred(_t5(feed_forward_proj="gated-gelu"))
    tokens, mask = _batch()
    gradients = []
    for encoder in (model, pack_encoder(model)):
        embedded = model.embed_tokens(tokens).detach().requires_grad_()
        states = encoder(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        gradients.append(torch.autograd.grad(states[mask.bool()].sin().sum(), embedded)[0][mask.bool()])
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_text_does_not_depend_on_the_others_of_its_batch() -> None:
    torch.manual_seed(0)
    encoder = pack_encoder(_stirred(BUILDERS["bert"]()))
    tokens, mask = _batch()
    together = encoder(tokens, attention_mask=mask).last_hidden_state[3, :4]
    alone = encoder(tokens[3:, :4], attention_mask=mask[3:, :4]).last_hidden_state[0]
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


def test_packing_and_unpacking_keep_every_token() -> None:
    tokens, mask = _batch(left=True)
    packed = pack(mask)
    assert packed.offsets.tolist() == [0, 7, 8, 20, 24]
    assert packed.longest == 12
    assert torch.equal(unpack(gather(tokens, packed), packed), tokens)


@pytest.mark.parametrize("placed", [False, True])
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_the_norm_kernel_is_as_good_as_pytorch(kind: torch.dtype, centred: bool, placed: bool) -> None:
    torch.manual_seed(0)
    rows, residual = (torch.randn(5, 20).to(kind) for _ in range(2))
    weight, bias, shift = (torch.randn(20).to(kind) for _ in range(3))
    places = torch.tensor([6, 0, 3, 1, 4]) if placed else None
    more = (1e-5, centred, places, 8 if placed else 0)
    exact = norm.naive(*(one.double() for one in (rows, weight, bias, residual, shift)), *more)
    plain = norm.naive(rows, weight, bias, residual, shift, *more)
    found = norm_kernel.add_norm(rows, weight, bias, residual, shift, *more)
    for one, usual, right in zip(found, plain, exact, strict=True):
        assert_as_good(one, usual, right)


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("kind", activation.ACTIVATIONS)
def test_the_activation_kernel_is_as_good_as_pytorch(kind: str, gated: bool) -> None:
    torch.manual_seed(0)
    hidden, bias = 3 * torch.randn(4, 36), torch.randn(36)
    exact = activation.naive(hidden.double(), kind, bias.double(), gated)
    plain = activation.naive(hidden, kind, bias, gated)
    assert_as_good(activation_kernel.activate(hidden, kind, bias, gated), plain, exact)


def test_the_operators_keep_pytorchs_contract() -> None:
    rows, weight = torch.randn(5, 20), torch.randn(20)
    given = (rows, weight, weight, rows, None, 1e-5, True, None, 0)
    torch.library.opcheck(torch.ops.workbench.add_norm.default, given)
    torch.library.opcheck(torch.ops.workbench.activate.default, (rows, "gelu", weight, True))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda model: pack_encoder(nn.Linear(2, 2)), "an encoder out of"),
        (lambda model: pack_encoder(model).train()(torch.ones(1, 2, dtype=torch.long)), "inference"),
        (lambda model: pack_encoder(model)(), "both or neither"),
        (lambda model: pack_encoder(model)(torch.ones(1, 2).long(), output_attentions=True), "output_attentions"),
        (lambda model: pack_encoder(BertModel(BertConfig(**SMALL, hidden_act="mish"))), "mish"),
        (lambda model: pack_encoder(BertModel(BertConfig(**SMALL, is_decoder=True))), "decoder"),
    ],
)
def test_what_cannot_be_packed_is_refused(call: Any, words: str) -> None:
    with pytest.raises(KernelRefusal, match=words):
        call(BUILDERS["bert"]().eval())
