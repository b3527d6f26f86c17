"""Two processes with a share each observe what one does with all samples, padding left out; both tell of an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from forked import two_processes
from plain_models import HEADS, loader
from two_observers import SAMPLES, data, network

import ufm_networks

HERE = Path(__file__).parent


def test_two_processes_observe_as_one(tmp_path: Path) -> None:
    two_processes(HERE / "two_observers.py", tmp_path)
    one = ufm_networks.observe(network(), loader(*data()), heads=HEADS, effective_rank=True)
    two = [ufm_networks.load_observation(tmp_path / f"{rank}.safetensors") for rank in (0, 1)]
    assert one.samples == SAMPLES
    for other in two:
        np.testing.assert_array_equal(other.labels, one.labels)
        np.testing.assert_array_equal(other.counts, one.counts)
        metrics = [list(of.metrics(classic=True).values()) for of in (other, one)]
        np.testing.assert_allclose(*metrics, rtol=1e-9)
        np.testing.assert_allclose(other.means, one.means, rtol=1e-9, atol=1e-12)
        for loss, sums in one.losses.items():
            np.testing.assert_allclose(other.losses[loss], sums, rtol=1e-9)
    told = sorted((tmp_path / f"{rank}.txt").read_text() for rank in (0, 1))
    assert told[0].startswith("NotFiniteError: batch ")
    assert told[1].startswith("RuntimeError: the pass over the loader failed in process ")
