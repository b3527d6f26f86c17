"""The trust region's metric has an inverse whatever the scale of its blocks."""

import pytest
import torch

from ufm.solvers.newton.metric import inverse


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e8, 1e20, 1e150])
def test_inverse_of_i_plus_a_singular_block(scale):
    """(I + s x xᵀ)⁻¹ = I − s/(1 + s ‖x‖²) x xᵀ, also where Cholesky finds it indefinite."""
    x = torch.tensor([[1.0, 2.0, -3.0], [0.0, 1.0, 1.0]], dtype=torch.float64)
    outer = x[:, :, None] * x[:, None, :]
    eye = torch.eye(3, dtype=torch.float64)
    expected = eye - outer * (scale / (1.0 + scale * (x * x).sum(1)))[:, None, None]
    found = inverse(eye + scale * outer)
    assert torch.linalg.eigvalsh(found).min() >= -1e-15
    assert torch.linalg.eigvalsh(found).max() <= 1 + 1e-12
    if scale <= 1e8:
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)
