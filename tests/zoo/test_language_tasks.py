"""Answers of the language tasks against independent computations."""

from __future__ import annotations

import statistics

import torch

from workbench.zoo.systems.language.t5_code import SPAN, masked
from workbench.zoo.task import IGNORED, find_task
from workbench.zoo.tasks.bytes import WORDS
from workbench.zoo.tasks.code_repair import END, LENGTH, MASK, METHODS, MUTATIONS, TOKENS, VARIABLES
from workbench.zoo.tasks.docstrings import CHARACTERS, LEARN, TEST, documentation, encode
from workbench.zoo.tasks.languages import ANSWERS, SHARED
from workbench.zoo.tasks.languages import WORDS as STEMS
from workbench.zoo.tasks.listops import SYMBOLS

OPERATIONS = {
    "[MIN": min,
    "[MAX": max,
    "[MED": lambda values: int(statistics.median(values)),
    "[SM": lambda values: sum(values) % 10,
}


def value(symbols: list[str]) -> int:
    """Evaluate an expression with a stack."""
    stack: list[list[object]] = [[]]
    for symbol in symbols:
        if symbol in OPERATIONS:
            stack.append([symbol])
        elif symbol == "X":
            operator, *values = stack.pop()
            stack[-1].append(OPERATIONS[operator](values))
        else:
            stack[-1].append(int(symbol))
    (only,) = stack[0]
    return only


def test_expressions_are_evaluated() -> None:
    test = find_task("listops").test()
    for row, target in zip(test.inputs[0].tolist(), test.targets.tolist(), strict=True):
        assert value([SYMBOLS[token] for token in row if token]) == target


def test_reviews_are_judged() -> None:
    test = find_task("bytes").test()
    for row, target in zip(test.inputs[0].tolist(), test.targets.tolist(), strict=True):
        clauses = bytes(filter(None, row)).decode().rstrip(".").split(", ")
        praises = [(clause.split()[-1] in WORDS[1]) != (" not " in clause) for clause in clauses]
        assert (sum(praises) > len(praises) / 2) == target


def test_the_next_character_is_the_target() -> None:
    batch = find_task("docstrings").batch(8, torch.Generator().manual_seed(0))
    assert torch.equal(batch.inputs[0][:, 1:], batch.targets[:, :-1])
    text = encode(documentation("statistics"))
    assert "".join(CHARACTERS[token - 1] for token in text[:20].tolist() if token) in documentation("statistics")
    assert not set(LEARN) & set(TEST)


def test_sentences_are_of_one_language_and_judged_by_majority() -> None:
    test = find_task("two_languages").test()
    for row, target in zip(test.inputs[0].tolist(), test.targets[:, 0].tolist(), strict=True):
        words = [token - SHARED for token in row if token >= SHARED]
        assert len({word // STEMS for word in words}) == 1
        friendly = sum(word % 2 for word in words)
        assert target == ANSWERS[2 * friendly > len(words)]


def test_one_token_of_a_method_was_mutated() -> None:
    test = find_task("code_repair").test()
    for source, target in zip(test.inputs[0].tolist(), test.targets.tolist(), strict=True):
        pairs = [(TOKENS[old], TOKENS[new]) for old, new in zip(source, target, strict=True) if new != IGNORED]
        ((mutated, right),) = [(old, new) for old, new in pairs if old != new]
        assert mutated in VARIABLES if right in VARIABLES else mutated in MUTATIONS[right]
        assert pairs[-1] == (TOKENS[END], TOKENS[END])
    names = {method.split()[0] for method in METHODS}
    assert {TOKENS[row[0]] for row in test.inputs[0].tolist()} == names


def test_a_span_is_masked_and_written() -> None:
    method = torch.tensor([[*range(10, 20), END, *[0] * (LENGTH - 11)]])
    batch = masked(method, torch.tensor([[4]]))
    source, target = batch.inputs[0][0].tolist(), batch.targets[0].tolist()
    assert source[:9] == [10, 11, 12, 13, MASK, 17, 18, 19, END] and not any(source[9:])
    assert target == [MASK, 14, 15, 16, END]
    assert batch.inputs[1][0].tolist() == [0, *target[:-1]]
    assert SPAN == 3
