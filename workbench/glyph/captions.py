"""Captions of the glyph models: what is drawn, how the prompt says it, and which words are never trained on."""

from __future__ import annotations

import random
import string
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from workbench.glyph.draw import COLOURS, THINGS, draw_sign

ENGLISH: Final = tuple(
    """
    GO UP ON NO OK WE IN BY TO IT CAR BUS TAXI SHOP OPEN SALE EXIT STOP HELP FIRE COLD MILK ROAD PARK BANK BOOK
    FOOD CAFE WINE BEER CAKE FISH SOUP RICE CORN BEEF SALT LOVE HOPE HOME DOOR ROOM DESK LAMP RAIN SNOW WIND STAR
    MOON SUN SKY SEA LAKE HILL TREE LEAF ROSE BIRD DUCK WOLF BEAR LION DEER FROG GOAT HORSE MOUSE SHEEP TIGER ZEBRA
    PIANO MUSIC DANCE PARTY PIZZA BREAD SUGAR FRUIT APPLE LEMON MELON PEACH GRAPE BERRY OLIVE ONION WATER JUICE
    COCOA TEA CUP BOX BAG HAT COAT SHOE SOCK BELT RING GOLD IRON WOOD GLASS STONE BRICK PAPER PAINT BRUSH PEN INK
    NOTE CARD GAME BALL GOAL TEAM RACE BIKE BOAT SHIP TRAIN PLANE ROUTE NORTH SOUTH EAST WEST LEFT RIGHT SLOW FAST
    QUIET LOUD DARK LIGHT HOT DRY WET NEW OLD BIG SMALL LONG SHORT HIGH LOW FULL EMPTY FREE BUSY SAFE PUSH PULL LIFT
    WAIT WALK RUN JUMP SWIM REST SLEEP DREAM WAKE DAY NIGHT WEEK MONTH YEAR MAY JUNE JULY TIME CLOCK HOUR ZERO ONE
    TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN FIRST LAST NEXT BACK FRONT SIDE TOP BASE EDGE LINE POINT AREA ZONE
    CITY TOWN STATE WORLD EARTH MARS VENUS ROBOT LASER RADIO PHONE VIDEO PHOTO FILM MOVIE STAGE STORY NOVEL POEM
    VERB NOUN WORD QUIZ TEST EXAM CLASS TEACH LEARN STUDY THINK IDEA MIND HEART HAND FOOT HEAD FACE NOSE EAR EYE JAZZ
    QUEEN KING JOKER CHESS WAGON VALVE MOTOR WHEEL TRACK FIELD GRASS BEACH COAST RIVER DELTA OCEAN CORAL SHELL
    """.split()
)
WORDS: Final = tuple(word for word in dict.fromkeys(ENGLISH) if 2 <= len(word) <= 5)


@dataclass(frozen=True)
class Caption:
    """What one image shows; `prompt` is how it is asked for."""

    word: str
    colour: str
    thing: str

    @property
    def prompt(self) -> str:
        article = "An" if self.colour[0] in "aeiou" else "A"
        return f'{article} {self.colour} {self.thing} that says "{self.word}"'


def is_held_out(word: str) -> bool:
    """Tell whether training never sees this word: a fixed tenth of all words of three letters or more."""
    return len(word) >= 3 and zlib.crc32(word.encode()) % 10 == 0


def random_word(rng: random.Random, letters: int | None = None) -> str:
    """Draw a random string of letters; 2 to 5 of them, the longer ones more often, unless told."""
    letters = letters or rng.choices((2, 3, 4, 5), weights=(1, 2, 4, 3))[0]
    return "".join(rng.choices(string.ascii_uppercase, k=letters))


def training_caption(rng: random.Random) -> Caption:
    """Draw a caption for training: one word in four is English, none is held out."""
    word = rng.choice(WORDS) if rng.random() < 0.25 else random_word(rng)
    while is_held_out(word):
        word = random_word(rng)
    return Caption(word, rng.choice(tuple(COLOURS)), rng.choice(THINGS))


def held_out_words(count: int, letters: int, seed: int = 0) -> list[str]:
    """Return distinct words of that length that training never sees."""
    rng = random.Random(seed)
    words: dict[str, None] = {}
    while len(words) < count:
        word = random_word(rng, letters)
        if is_held_out(word):
            words[word] = None
    return list(words)


def random_background(rng: random.Random) -> np.ndarray:
    """Draw the wall: two pastel colours near each other, float32 RGB in 0..1 of shape [2, 3]."""
    base = np.array([rng.uniform(0.45, 0.95) for _ in range(3)], dtype=np.float32)
    shift = np.array([rng.uniform(-0.12, 0.12) for _ in range(3)], dtype=np.float32)
    return np.clip(np.stack([base - shift, base + shift]), 0, 1)


def draw_caption(caption: Caption, rng: random.Random) -> np.ndarray:
    """Draw a caption on a random wall, float32 RGB in 0..1 of shape [32, 96, 3]."""
    return draw_sign(caption.word, caption.colour, caption.thing, random_background(rng))
