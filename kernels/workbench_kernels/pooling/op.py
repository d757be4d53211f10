"""The operator `workbench::pool_mixer`."""

from __future__ import annotations

import torch

from workbench_kernels.backend import KernelRefusal, check_floats, has_triton
from workbench_kernels.pooling import naive


def pool_mixer(images: torch.Tensor) -> torch.Tensor:
    """Return the mean of the 3 x 3 places around each, less the place itself (PoolFormer, arXiv 2111.11418).

    Args:
        images: [image, channel, height, width]; places beyond the border are not counted.

    Returns:
        The same shape; for inference only, no gradient.

    Raises:
        KernelRefusal: other shapes or types.
    """
    check_floats(images=images)
    if images.ndim != 4:
        raise KernelRefusal("images [image, channel, height, width]", str(tuple(images.shape)), "change them")
    if torch.is_grad_enabled() and images.requires_grad:
        raise KernelRefusal("inference", "inputs that require a gradient", "use torch.no_grad()")
    return _mix(images)


@torch.library.custom_op("workbench::pool_mixer", mutates_args=())
def _mix(images: torch.Tensor) -> torch.Tensor:
    return naive.pool_mixer(images)


@_mix.register_fake
def _(images: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(images, memory_format=torch.contiguous_format)


@_mix.register_kernel("cuda")
def _(images: torch.Tensor) -> torch.Tensor:
    if not has_triton():
        return naive.pool_mixer(images)
    from workbench_kernels.pooling.kernel import mix

    return mix(images)
