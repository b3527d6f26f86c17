"""One process, one thread unless a benchmark says otherwise, and no name of the machine in the results."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """None: what is timed has the machine to itself."""
    return 0


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, object]) -> None:
    machine_info.pop("node", None)
    machine_info["torch"] = torch.__version__
    machine_info["cores"] = os.cpu_count()
