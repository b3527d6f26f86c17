"""The benchmark of GPUs runs, small, where there is none."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("gpu_benchmark", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gpu_benchmark", module)
    spec.loader.exec_module(module)
    return module


def test_a_section_that_fails_leaves_the_rest(gpu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(machine: Any) -> Any:
        yield {"what": "half", "value": 1.0, "unit": ""}
        raise RuntimeError("out of order")

    def spent(machine: Any) -> Any:
        while True:
            pass
        yield

    def whole_again(machine: Any) -> Any:
        yield {"what": "done", "value": 1.0, "unit": "s"}

    whole = {"first": broken, "second": spent, "third": whole_again}
    monkeypatch.setattr(gpu, "sections", lambda small: whole)
    monkeypatch.setattr(gpu, "SECTION", 0.5)
    before = gpu.signal.signal(gpu.signal.SIGALRM, gpu._spent)
    try:
        rows = gpu.measured(gpu.Machine(torch.device("cpu"), True, gpu.time.monotonic() + 60.0), [])
    finally:
        gpu.signal.signal(gpu.signal.SIGALRM, before)
    assert [row["section"] for row in rows][:3] == ["first", "first", "second"]
    assert [row["failed"] for row in rows if "failed" in row][:2] == [
        "RuntimeError: out of order",
        "TimeoutError: the section's time is spent",
    ]
    assert rows[-1] == {"section": "third", "what": "done", "value": 1.0, "unit": "s"}


def test_refused_without_a_device_and_small_without(
    gpu: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    assert gpu.main() == 2
    assert capsys.readouterr().err == "no CUDA device here; --device cpu runs a small version\n"
    out = tmp_path / "gpu.json"
    before = gpu.signal.getsignal(gpu.signal.SIGALRM)
    only = [x for name in ("newton", "observe", "training step") for x in ("--only", name)]
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu", "--output", str(out), *only])
    try:
        assert gpu.main() == 0
    finally:
        gpu.signal.signal(gpu.signal.SIGALRM, before)
    found = json.loads(out.read_text())
    assert found["small"] is True
    assert len(found["rows"]) == 8
    assert all(row["right"] for row in found["rows"])
