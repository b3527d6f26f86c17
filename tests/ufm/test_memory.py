"""What is available is what the process and its container may still take, not what the machine has free."""

import subprocess
import sys

import psutil
import pytest
import torch

import ufm
from ufm.support import memory

LAMBDAS = "lambda_H=0.05, lambda_W=0.05, lambda_b=0.05"
BEYOND_THE_LIMIT = f"""
import resource
import ufm
problem = ufm.SingleSource.balanced((3, 3), n=5, {LAMBDAS})
resource.setrlimit(resource.RLIMIT_AS, (5 * 2**30, resource.getrlimit(resource.RLIMIT_AS)[1]))
try:
    ufm.solve(problem, dim=10_000_000)
except MemoryError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits")
def test_a_limit_of_the_process_is_kept():
    run = subprocess.run([sys.executable, "-c", BEYOND_THE_LIMIT], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("newton with 150,000,006 variables needs about 15.6 GiB on cpu")
    assert "smaller dim" in run.stdout


@pytest.mark.parametrize("files", memory.ITS_FILES)
def test_a_limit_of_the_container_is_kept(tmp_path, monkeypatch, files):
    for name, value in zip(files, (3_000_000, 1_000_000), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available_memory("cpu") == 2_000_000
    (tmp_path / files[0]).write_text("max\n")
    assert memory.available_memory("cpu") > 2_000_000


def test_no_limit_is_what_the_machine_has(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available_memory("cpu") <= psutil.virtual_memory().total


@pytest.mark.parametrize("counts", [[torch.ones(2, requires_grad=True)] * 2, (torch.ones(2), torch.ones(2))])
def test_counts_may_be_a_list_of_tensors(counts):
    problem = ufm.SingleSource(counts, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    assert problem.counts.tolist() == [1, 1, 1, 1]


def test_what_holds_no_numbers_is_refused_by_name():
    with pytest.raises(TypeError, match="counts cannot become an array: a tensor on the meta device"):
        ufm.SingleSource(torch.ones(2, 2, device="meta"), lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    with pytest.raises(TypeError, match="path must be a path to a file, got 5"):
        ufm.load(5)
