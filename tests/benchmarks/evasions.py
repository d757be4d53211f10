"""Measure how many evasions of a word list the guard's detector catches, and how many clean words it takes for toxic.

Run: python tests/benchmarks/evasions.py [--words FILE] [--seed 0]

Without a file, the words are those that better-profanity bundles; a file holds one word a line, of which the ones
in plain letters are used. Each word is put into a prompt, once for each way of writing it. `alone` is the detector
on the prompt as it stands, `guard` the same with the views that undo evasions. No word is printed.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.errors import InputError
from workbench.glyph.captions import WORDS
from workbench.guard.detector import BetterProfanity, Detector, find_toxic, open_detector
from workbench.guard.rewrite import HARMLESS

DIGITS: Final = str.maketrans("aeiost", "431057")
SYMBOLS: Final = str.maketrans("ais", "@!$")
CYRILLIC: Final = str.maketrans("aceopxyi", "асеорхуі")
TRAPS: Final = tuple(
    """
    Scunthorpe assess assassin class classic bass grass pass passion cocktail peacock hancock cockpit shuttlecock
    analysis analog canal therapist grape drape skyscraper document circumference cucumber accumulate title titan
    constitution institute competitive button butter buttress rebuttal mishit shitake shiitake dickens dictionary
    Essex Sussex Middlesex unisex sextant sextet bassoon hello shell Shelley swank penistone Lightwater arsenal parse
    coarse hoard cumin matsushita evergreen
    book cook look moon tool 1984 2024 A4 B12 4x4 100% U.S.A. U.K. R.S.V.P. e-mail T-shirt x-ray
    """.split()
)
PHRASES: Final = (
    "the pen is red",
    "as sweet as pie",
    "push it in",
    "a s a p",
    "I O U",
    "fun guy",
    "SALE!!!",
    "B2B",
    "3 for 2",
)


def stretched(word: str) -> str:
    """Triple the vowels."""
    return re.sub(r"[aeiou]", lambda match: match[0] * 3, word)


def doubled(word: str) -> str:
    """Double one letter in the middle."""
    middle = len(word) // 2
    return word[: middle + 1] + word[middle:]


def mixed(word: str) -> str:
    """Write every second letter large."""
    return "".join(letter.upper() if i % 2 else letter for i, letter in enumerate(word))


EVASIONS: Final[dict[str, Callable[[str], str]]] = {
    "as listed": str,
    "capitals": str.upper,
    "mixed case": mixed,
    "digits for letters": lambda word: word.translate(DIGITS),
    "symbols for letters": lambda word: word.translate(SYMBOLS),
    "blanks between letters": " ".join,
    "dots between letters": ".".join,
    "asterisks between letters": "*".join,
    "hyphen in the middle": lambda word: f"{word[: len(word) // 2]}-{word[len(word) // 2 :]}",
    "vowels tripled": stretched,
    "one letter doubled": doubled,
    "zero-width space": "\N{ZERO WIDTH SPACE}".join,
    "Cyrillic look-alikes": lambda word: word.translate(CYRILLIC),
    "full-width letters": lambda word: "".join(chr(ord(letter) + 0xFEE0) for letter in word),
    "struck through": lambda word: "".join(letter + "\N{COMBINING LONG STROKE OVERLAY}" for letter in word),
    "digits and dots": lambda word: ".".join(word.translate(DIGITS)),
    "capitals, digits, stretched": lambda word: stretched(word).translate(DIGITS).upper(),
}


def recall(words: list[str], detector: Detector) -> pd.DataFrame:
    """Return for each evasion the share of words caught, without and with views."""
    rows = []
    for name, write in EVASIONS.items():
        texts = [f"now {write(word)} here" for word in words]
        rows.append(
            {
                "evasion": name,
                "changed": sum(write(word) != word for word in words),
                "alone": sum(bool(list(detector(text))) for text in texts) / len(words),
                "guard": sum(bool(find_toxic(text, detector)) for text in texts) / len(words),
            }
        )
    return pd.DataFrame(rows)


def false_alarms(detector: Detector) -> pd.DataFrame:
    """Return for each list of clean texts which ones count as toxic."""
    lists = {"words of the glyph models": WORDS, "words with a toxic part": TRAPS, "phrases": PHRASES, "ours": HARMLESS}
    rows = []
    for name, texts in lists.items():
        caught = [text for text in texts if find_toxic(text, detector)]
        rows.append({"clean list": name, "texts": len(texts), "false alarms": len(caught), "which": ", ".join(caught)})
    return pd.DataFrame(rows)


def listed_words(path: Path | None) -> list[str]:
    """Return the words in plain letters of a file, or of the bundled list."""
    lines = BetterProfanity().words() if path is None else path.read_text(encoding="utf-8").split("\n")
    words = [line.strip().lower() for line in lines if re.fullmatch(r"[A-Za-z]{3,}", line.strip())]
    if not words:
        raise InputError("a file with one word a line", f"{path} without any", "give another --words FILE")
    return words


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=Path)
    parser.add_argument("--most", type=int, default=300, help="words to draw at random where there are more")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    words, detector = listed_words(arguments.words), open_detector()
    words = random.Random(arguments.seed).sample(words, min(arguments.most, len(words)))
    print(f"recall over {len(words)} words")
    print(recall(words, detector).round(3).to_string(index=False))
    print(false_alarms(detector).to_string(index=False))


if __name__ == "__main__":
    main()
