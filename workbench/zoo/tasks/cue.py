"""A cue to be remembered: it comes first, distractors follow, and the last token asks for it."""

from __future__ import annotations

from typing import Final

import torch

from workbench.zoo.shape import Shape
from workbench.zoo.task import IGNORED, Batch, Task, register_task

CUES: Final = 8
DISTRACTORS: Final = 8
ASK: Final = CUES + DISTRACTORS + 1
LENGTH: Final = 40
# No step of a training draws from this seed.
TEST_SEED: Final = 2**32
TEST: Final = 512


@register_task("cue", "the first token, asked for after 38 distractors")
class Cue(Task):
    """Cues are 1 to 8, distractors 9 to 16. Only the last token is scored."""

    shape = Shape("tokens", CUES + 1, each=True, vocabulary=ASK + 1, length=LENGTH)

    def batch(self, size: int, generator: torch.Generator) -> Batch:
        cue = torch.randint(1, CUES + 1, (size, 1), generator=generator)
        distractors = torch.randint(CUES + 1, ASK, (size, LENGTH - 2), generator=generator)
        tokens = torch.cat([cue, distractors, torch.full_like(cue, ASK)], dim=1)
        return Batch((tokens,), torch.cat([torch.full_like(tokens[:, 1:], IGNORED), cue], dim=1))

    def test(self) -> Batch:
        return self.batch(TEST, torch.Generator().manual_seed(TEST_SEED))
