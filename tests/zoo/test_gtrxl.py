import copy

import pytest
import torch

from workbench.attention.form import Request
from workbench.attention.surgery import operate
from workbench.zoo.check import tiny_model
from workbench.zoo.count import parameters
from workbench.zoo.registry import build_system, find_system
from workbench.zoo.systems.sequence.gtrxl import (
    GATES,
    GatedTransformerXL,
    GRUGate,
    HighwayGate,
    InputGate,
    OutputGate,
    RelativeAttention,
    SigmoidTanhGate,
    distance_encodings,
)

SITES = [f"layers.{index}.attention" for index in range(4)]


def stirred() -> GatedTransformerXL:
    return tiny_model(find_system("sequence/gtrxl")).eval()


def stirred_attention() -> RelativeAttention:
    return copy.deepcopy(stirred().layers[0].attention).double()


def test_relative_attention_is_that_of_a_loop() -> None:
    module = stirred_attention()
    context = torch.randn(1, 7, 32, dtype=torch.float64)
    x = context[:, -3:]
    content, position = module.attention.scores.content, module.attention.scores.position
    encodings, mixed = distance_encodings(7, x), torch.zeros(3, 32, dtype=torch.float64)
    value = module.attention.values.value(context)[0]
    for head in range(2):
        rows = slice(16 * head, 16 * head + 16)
        for i in range(3):
            query = content.query.weight[rows] @ x[0, i]
            logits = torch.full((7,), -torch.inf, dtype=torch.float64)
            for j in range(4 + i + 1):
                key = content.key.weight[rows] @ context[0, j]
                distance = position.key.weight[rows] @ encodings[4 + i - j]
                logits[j] = (query + content.query.bias[rows]) @ key + (query + position.query.bias[rows]) @ distance
            mixed[i, rows] = (logits / 16**0.5).softmax(0) @ value[:, rows]
    torch.testing.assert_close(module(x, context)[0], module.attention.values.output(mixed))


def test_encodings_are_pairs_of_sine_and_cosine() -> None:
    encodings = distance_encodings(5, torch.zeros(6, dtype=torch.float64))
    torch.testing.assert_close(encodings[:, 0], torch.arange(5.0, dtype=torch.float64).sin())
    torch.testing.assert_close(encodings[3, 4], torch.tensor(3 / 10_000 ** (1 / 3), dtype=torch.float64).cos())


@pytest.mark.parametrize("segment", [1, 5, 12])
def test_segments_with_a_memory_that_covers_all_are_one_long_pass(segment: int) -> None:
    model, tokens = stirred().double(), torch.randint(1, 10, (2, 12))
    model.segment = 12
    expected = model(tokens)
    model.segment = segment
    torch.testing.assert_close(model(tokens), expected)


def test_what_is_out_of_memory_is_forgotten() -> None:
    model, tokens = stirred(), torch.randint(1, 10, (2, 40))
    model.segment, model.memory = 4, 2
    changed = tokens.clone()
    changed[:, 0] = 1 + tokens[:, 0] % 9
    # Four layers with a memory of 2 carry a token through at most four segments.
    before, after = model(tokens), model(changed)
    assert torch.equal(before[:, 24:], after[:, 24:])
    assert not torch.equal(before[:, 4:8], after[:, 4:8])


def test_a_token_changes_nothing_before_it() -> None:
    model, tokens = stirred(), torch.randint(1, 10, (2, 12))
    changed = tokens.clone()
    changed[:, 7] = 1 + tokens[:, 7] % 9
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :7], after[:, :7])
    assert (before - after)[:, 7:].abs().max() > 1e-4


def test_no_gradient_flows_through_the_memory() -> None:
    model, tokens = stirred(), torch.tensor([[1, 2, 3, 4]])
    model.segment = 2
    model(tokens)[:, 2:].sum().backward()
    reached = model.embed.weight.grad.abs().sum(-1) > 0
    assert reached[:5].tolist() == [False, False, False, True, True]


def test_gates_are_those_of_the_paper() -> None:
    x, y = torch.randn(2, 4, 6, dtype=torch.float64)

    def sigmoid(value: torch.Tensor) -> torch.Tensor:
        return 1 / (1 + (-value).exp())

    def gate(kind: type) -> torch.nn.Module:
        return kind(6).double()

    one = gate(InputGate)
    torch.testing.assert_close(one(x, y), sigmoid(x @ one.gate.weight.T) * x + y)
    one = gate(OutputGate)
    torch.testing.assert_close(one(x, y), x + sigmoid(x @ one.gate.weight.T - 2) * y)
    one = gate(HighwayGate)
    share = sigmoid(x @ one.gate.weight.T + 2)
    torch.testing.assert_close(one(x, y), share * x + (1 - share) * y)
    one = gate(SigmoidTanhGate)
    torch.testing.assert_close(
        one(x, y), x + sigmoid(y @ one.gate.weight.T - 2) * torch.tanh(y @ one.candidate.weight.T)
    )
    one = gate(GRUGate)
    w_r, w_z, w_g = one.sublayer.weight.chunk(3)
    u_r, u_z = one.stream.weight.chunk(2)
    reset, update = sigmoid(y @ w_r.T + x @ u_r.T), sigmoid(y @ w_z.T + x @ u_z.T - 2)
    candidate = torch.tanh(y @ w_g.T + (reset * x) @ one.reset_stream.weight.T)
    torch.testing.assert_close(one(x, y), (1 - update) * x + update * candidate)


def test_the_gru_gate_starts_near_the_identity() -> None:
    x, y = 0.1 * torch.randn(2, 64, 32)
    moved = {bias: float((GRUGate(32, bias)(x, y) - x).detach().norm() / x.norm()) for bias in (0.0, 2.0)}
    assert moved[2.0] < 0.3 < moved[0.0]


@pytest.mark.parametrize("variant", GATES)
def test_gates_account_for_the_difference_in_parameters(variant: str) -> None:
    matrices = {"gru": 6, "gru-thin": 6, "input": 1, "output": 1, "highway": 1, "sigtanh": 2, "trxl-i": 0}
    biased = variant not in ("input", "trxl-i")
    with torch.device("meta"):
        layer = build_system("sequence/gtrxl", variant).layers[0]
    width = 256 if variant == "gru-thin" else 512
    assert parameters(layer.gate1) == matrices[variant] * width**2 + biased * width


def test_the_gru_gates_of_the_published_size_have_six_matrices_each() -> None:
    with torch.device("meta"):
        counts = {name: parameters(build_system("sequence/gtrxl", name)) for name in ("gru", "trxl-i")}
    assert counts["gru"] - counts["trxl-i"] == 37_748_736 + 12 * 2 * 512


def test_collapsing_makes_two_matrices_a_head_and_keeps_the_function() -> None:
    model, tokens = stirred().double(), torch.randint(1, 10, (2, 40))
    expected = model(tokens)
    operate(model, "collapsed_qk+collapsed_vo", SITES, request=Request("convert"))
    torch.testing.assert_close(model(tokens), expected)
    scores = model.layers[0].attention.attention.scores
    assert scores.content.form.shape == scores.position.form.shape == (2, 32, 32)


def test_symmetric_from_scratch_asks_for_distances_with_the_shared_projection() -> None:
    model = stirred()
    count = parameters(model)
    operate(model, "symmetric", SITES)
    scores = model.layers[0].attention.attention.scores
    assert scores.position.query.weight is scores.content.query.weight
    assert parameters(model) == count - 4 * 32 * 32
    context = torch.randn(2, 9, 32)
    logits = scores.content(context, context, None)
    torch.testing.assert_close(logits, logits.transpose(-1, -2))


def test_symmetric_conversion_keeps_the_term_of_distances() -> None:
    model = stirred()
    before = copy.deepcopy(model.layers[0].attention.attention.scores)
    operate(model, "symmetric_signed", SITES, request=Request("convert"))
    after, x = model.layers[0].attention.attention.scores, torch.randn(2, 9, 32)
    encodings = distance_encodings(9, x)[None]
    torch.testing.assert_close(before.position(x, encodings, None), after.position(x, encodings, None))


def test_controls_do_not_know_distances_either() -> None:
    model, x = stirred(), torch.randn(1, 6, 32)
    operate(model, "uniform", SITES)
    assert torch.equal(model.layers[0].attention.attention.scores(x[:, 3:], x, None), torch.zeros(1, 2, 3, 6))
