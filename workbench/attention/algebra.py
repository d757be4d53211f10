"""Algebra of a head's bilinear form G = W_Q W_K^T through its factors, in float64 (no d x d matrix is decomposed).

A head's form is what matters: (W_Q A, W_K A^-T) is the same head for any invertible A.
"""

from __future__ import annotations

import torch


def symmetry_score(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """Return tr(GG) / |G|^2 of each head, from -1 (antisymmetric) to 1 (symmetric).

    Args:
        query, key: [head, width, head width].
    """
    crossed = key.transpose(-1, -2) @ query
    energy = ((query.transpose(-1, -2) @ query) * (key.transpose(-1, -2) @ key)).sum((-1, -2))
    return torch.einsum("hij,hji->h", crossed, crossed) / energy


def truncated(query: torch.Tensor, key: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return factors of the nearest form of a rank in the Frobenius norm (thin QR, then a small SVD).

    Args:
        query: [head, width, head width].
        key: [head, context width, head width].
        rank: head width of the factors to return.
    """
    left, left_small = torch.linalg.qr(query)
    right, right_small = torch.linalg.qr(key)
    u, energy, v = torch.linalg.svd(left_small @ right_small.transpose(-1, -2), full_matrices=False)
    root = energy[..., :rank].sqrt()[..., None, :]
    return left @ u[..., :rank] * root, right @ v.transpose(-1, -2)[..., :rank] * root


def whitened(
    query: torch.Tensor, key: torch.Tensor, covariance: torch.Tensor, rank: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return factors of the form of a rank that keeps the logits best for inputs of a second moment E[x^T x].

    It minimises the expected squared change of a logit between two independent inputs.

    Args:
        query, key: [head, width, head width].
        covariance: [width, width], symmetric and positive semi-definite.
        rank: head width of the factors to return.
    """
    root, inverse = covariance_roots(covariance)
    query, key = truncated(root @ query, root @ key, rank)
    return inverse @ query, inverse @ key


def covariance_roots(covariance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the symmetric root of a positive semi-definite matrix, and its inverse where it has one."""
    energy, basis = torch.linalg.eigh(covariance)
    energy = energy.clamp_min(energy[-1] * 1e-10)
    return (basis * energy**0.5) @ basis.T, (basis * energy**-0.5) @ basis.T


def symmetric_part(query: torch.Tensor, key: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return eigenvalues [head, 2 head width] and eigenvectors [head, width, 2 head width] of (G + G^T) / 2.

    They are in falling order of size. The nearest symmetric form in the Frobenius norm has these, and its rank is at
    most twice the head width.
    """
    basis, small = torch.linalg.qr(torch.cat([query, key], dim=-1))
    width = query.shape[-1]
    mapped = small[..., :width] @ small[..., width:].transpose(-1, -2)
    values, vectors = torch.linalg.eigh((mapped + mapped.transpose(-1, -2)) / 2)
    order = values.abs().argsort(dim=-1, descending=True)
    vectors = vectors.gather(-1, order[..., None, :].expand_as(vectors))
    return values.gather(-1, order), basis @ vectors


def variation_bound(change: torch.Tensor) -> torch.Tensor:
    """Return tanh(osc / 4) of each row of a change of logits [..., query, key]: it bounds the total variation between
    the two attention patterns (Hilbert metric)."""
    return torch.tanh((change.amax(-1) - change.amin(-1)) / 4)
