"""Tiny tokenizers and text encoders that need no files: every character or byte is a token."""

from __future__ import annotations

import string

from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    ByT5Tokenizer,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Gemma2Config,
    Gemma2Model,
    GemmaTokenizer,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

TEXT_LENGTH = 48
TEMPLATE_TEXT = (
    "the image by detailing color shape size texture quantity text spatial relationships of objects and background"
)
BYTES = 256 + 3  # of ByT5: the bytes after pad, end and unknown


def clip_tokenizer() -> CLIPTokenizer:
    """Return a CLIP tokenizer without merges: one token per byte, the last of a word marked."""
    alphabet = sorted(ByteLevel.alphabet())
    words = ["<|startoftext|>", "<|endoftext|>", *alphabet, *(f"{letter}</w>" for letter in alphabet)]
    vocabulary = {word: index for index, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=TEXT_LENGTH)


def clip_encoder(width: int, projected: bool = False) -> CLIPTextModel | CLIPTextModelWithProjection:
    """Return a CLIP text encoder of that width, with a projection of the same width if asked."""
    config = CLIPTextConfig(
        vocab_size=len(clip_tokenizer()),
        hidden_size=width,
        projection_dim=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=TEXT_LENGTH,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return (CLIPTextModelWithProjection(config) if projected else CLIPTextModel(config)).eval()


def byte_tokenizer() -> ByT5Tokenizer:
    """Return the byte tokenizer used in the slots of T5 and UMT5."""
    return ByT5Tokenizer(extra_ids=0, model_max_length=TEXT_LENGTH)


def _t5_sizes(width: int) -> dict[str, int]:
    return {"vocab_size": BYTES, "d_model": width, "d_kv": 8, "d_ff": 2 * width, "num_layers": 1, "num_heads": 2}


def t5_encoder(width: int) -> T5EncoderModel:
    """Return a T5 encoder over bytes."""
    return T5EncoderModel(T5Config(**_t5_sizes(width))).eval()


def umt5_encoder(width: int) -> UMT5EncoderModel:
    """Return a UMT5 encoder over bytes."""
    return UMT5EncoderModel(UMT5Config(**_t5_sizes(width))).eval()


def bert_tokenizer() -> BertTokenizer:
    """Return a BERT tokenizer over characters."""
    letters = string.ascii_lowercase + string.digits + string.punctuation
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    return BertTokenizer(vocab={word: index for index, word in enumerate(words)}, model_max_length=77)


def bert_encoder(width: int) -> BertModel:
    """Return a BERT encoder over characters."""
    config = BertConfig(
        vocab_size=len(bert_tokenizer()),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=77,
    )
    return BertModel(config).eval()


def gemma_tokenizer() -> GemmaTokenizer:
    """Return a Gemma tokenizer that falls back to bytes for every character."""
    words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *(f"<0x{byte:02X}>" for byte in range(256))]
    return GemmaTokenizer(vocab={word: index for index, word in enumerate(words)}, merges=[])


def gemma_encoder(width: int) -> Gemma2Model:
    """Return a Gemma 2 decoder used as an encoder."""
    config = Gemma2Config(
        vocab_size=len(gemma_tokenizer()),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        query_pre_attn_scalar=8,
        pad_token_id=0,
        attn_implementation="eager",
    )
    return Gemma2Model(config).eval()


def qwen_tokenizer() -> Qwen2Tokenizer:
    """Return a Qwen 2 tokenizer without merges: a token per byte, and one per word of Qwen-Image's chat template."""
    words = ["<|endoftext|>", *sorted(ByteLevel.alphabet())]
    tokenizer = Qwen2Tokenizer(vocab={word: index for index, word in enumerate(words)}, merges=[])
    tokenizer.add_tokens(["<|im_start|>", "<|im_end|>"], special_tokens=True)
    tokenizer.add_tokens(["system", "user", "assistant", "Describe", *(f" {word}" for word in TEMPLATE_TEXT.split())])
    return tokenizer


def qwen_encoder(width: int) -> Qwen2_5_VLForConditionalGeneration:
    """Return a Qwen 2.5 VL model whose last hidden states are the text features."""
    text = {
        "vocab_size": len(qwen_tokenizer()),
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 2]},
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
    }
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": width}
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision)).eval()
