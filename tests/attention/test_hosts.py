"""Attention of other libraries: read, exchanged and called as before."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from timm.models.metaformer import Attention as MetaAttention
from timm.models.metaformer import LayerNorm2dNoBias, LayerNormNoBias, MetaFormer, Pooling
from timm.models.tnt import TNT
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

from workbench.attention.form import Request
from workbench.attention.host import find_attention
from workbench.attention.surgery import NoBranch, operate
from workbench.errors import RefusedError

SMALL = {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
IDS = torch.randint(0, 50, (2, 9), generator=torch.Generator().manual_seed(0))
IMAGES = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
MASK = torch.tensor([[1] * 5 + [0] * 4, [1] * 9])
Run = Callable[[nn.Module], torch.Tensor]


def bert() -> tuple[nn.Module, Run]:
    model = BertModel(BertConfig(**SMALL, num_attention_heads=4), add_pooling_layer=False)
    return model, lambda some: some(IDS, attention_mask=MASK).last_hidden_state[MASK.bool()]


def llama() -> tuple[nn.Module, Run]:
    model = LlamaForCausalLM(LlamaConfig(**SMALL, num_attention_heads=4, num_key_value_heads=2))
    return model, lambda some: some(IDS, use_cache=False).logits


def t5() -> tuple[nn.Module, Run]:
    config = T5Config(vocab_size=50, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config)
    return model, lambda some: some(IDS, attention_mask=MASK, decoder_input_ids=IDS, use_cache=False).logits


def vit() -> tuple[nn.Module, Run]:
    model = VisionTransformer(img_size=32, patch_size=8, in_chans=1, num_classes=5, embed_dim=32, depth=2, num_heads=4)
    return model, lambda some: some(IMAGES)


def normed_vit() -> tuple[nn.Module, Run]:
    model = VisionTransformer(
        img_size=32, patch_size=8, in_chans=1, num_classes=5, embed_dim=32, depth=2, num_heads=4, qk_norm=True
    )
    return model, lambda some: some(IMAGES)


def tnt() -> tuple[nn.Module, Run]:
    model = TNT(
        img_size=32, patch_size=8, in_chans=1, num_classes=5, embed_dim=32, inner_dim=16, depth=1, num_heads_inner=4,
        num_heads_outer=4, first_stride=2,
    )  # fmt: skip
    return model, lambda some: some(IMAGES)


def caformer() -> tuple[nn.Module, Run]:
    model = MetaFormer(
        in_chans=1, num_classes=5, depths=(1, 1, 1, 1), dims=(16, 32, 32, 64),
        token_mixers=[Pooling, Pooling, MetaAttention, MetaAttention],
        norm_layers=[LayerNorm2dNoBias, LayerNorm2dNoBias, LayerNormNoBias, LayerNormNoBias],
    )  # fmt: skip
    return model, lambda some: some(IMAGES)


HOSTS = (bert, llama, t5, vit, normed_vit, tnt, caformer)
SITES = {"bert": 2, "llama": 2, "t5": 6, "vit": 2, "normed_vit": 2, "tnt": 2, "caformer": 2}


def opened(make: Callable[[], tuple[nn.Module, Run]]) -> tuple[nn.Module, Run]:
    torch.manual_seed(0)
    model, run = make()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return model.eval(), run


@pytest.mark.parametrize("make", HOSTS)
def test_sites_are_found(make: Callable[[], tuple[nn.Module, Run]]) -> None:
    assert len(find_attention(make()[0])) == SITES[make.__name__]


@pytest.mark.parametrize("make", HOSTS)
@pytest.mark.parametrize("variant", ["baseline", "collapsed_qk", "collapsed_vo"])
def test_exchanged_attention_computes_the_same(make: Callable[[], tuple[nn.Module, Run]], variant: str) -> None:
    model, run = opened(make)
    expected, changed = run(model), copy.deepcopy(model)
    if (make, variant) in ((llama, "collapsed_qk"), (normed_vit, "collapsed_qk")):
        with pytest.raises(RefusedError, match="between projection and product"):
            operate(changed, variant, find_attention(model))
        assert torch.equal(run(changed), expected)
        return
    done = operate(changed, variant, find_attention(model), request=Request("convert"))
    assert [one.reason for one in done] == [None] * SITES[make.__name__]
    torch.testing.assert_close(run(changed), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", HOSTS)
def test_variants_follow_each_other(make: Callable[[], tuple[nn.Module, Run]]) -> None:
    model, run = opened(make)
    sites = list(find_attention(model))
    operate(model, "baseline", sites)
    expected = run(model)
    assert list(find_attention(model)) == sites
    operate(model, "collapsed_vo", sites, request=Request("convert"))
    torch.testing.assert_close(run(model), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", HOSTS)
def test_every_weight_still_learns(make: Callable[[], tuple[nn.Module, Run]]) -> None:
    model, run = opened(make)
    operate(model, "no_vo", find_attention(model))
    run(model).sum().backward()
    assert all(weight.grad is not None for weight in model.parameters() if weight.requires_grad and weight.ndim > 1)


def test_sites_that_cannot_take_a_form_stay() -> None:
    model, _ = opened(t5)
    sites = list(find_attention(model))
    cross = [site for site in sites if "EncDec" in site]
    done = operate(model, "symmetric", sites, cross=cross)
    assert {one.site for one in done if one.reason is not None} == set(cross)
    assert all("two streams" in one.reason for one in done if one.reason is not None)


def test_mode_and_dropout_are_kept() -> None:
    model, run = opened(bert)
    operate(model, "baseline", find_attention(model))
    assert torch.equal(run(model), run(model))
    model.train()
    assert not torch.equal(run(model), run(model))


def test_silent_branches() -> None:
    model, run = opened(vit)
    operate(model, "no_mlp", find_attention(model), ["blocks.0.mlp", "blocks.1.mlp"])
    assert isinstance(model.get_submodule("blocks.0.mlp"), NoBranch)
    assert run(model).isfinite().all()
    with pytest.raises(RefusedError, match="MLP branches"):
        operate(model, "no_mlp", find_attention(model))


def test_caches_and_gates_are_refused() -> None:
    model, _ = opened(llama)
    operate(model, "baseline", find_attention(model))
    with pytest.raises(RefusedError, match="use_cache=False"):
        model(IDS, use_cache=True)
    gated = VisionTransformer(img_size=32, patch_size=8, in_chans=1, embed_dim=32, depth=1, num_heads=4)
    gated.blocks[0].attn.gate = nn.Linear(32, 32)
    assert "gate" in str(operate(gated, "baseline", ["blocks.0.attn"])[0].reason)


def test_unknown_classes_are_refused() -> None:
    model = nn.Sequential(nn.MultiheadAttention(8, 2))
    assert find_attention(model) == {}
    with pytest.raises(RefusedError, match="MultiheadAttention"):
        operate(model, "symmetric", ["0"])
