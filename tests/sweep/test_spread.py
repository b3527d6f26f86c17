"""Wherever chunks run, the table is the same to the last bit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import attrs
import joblib
import pytest
import torch
from fake_slurm import install
from joblib._parallel_backends import SequentialBackend
from studies import SMALL, study

import verify
from ufm.support.threads import one_thread
from verify.sweeping import spread
from verify.sweeping.axis import Axis
from verify.sweeping.slurm import slurm_executor
from verify.sweeping.study import read_study

WIDE = study(
    study={"chunk": 4, "claims": None, "metrics": None},
    axes={"n": [3, 5], "loss": ["cross-entropy", "binary-cross-entropy", "squared-error"]},
)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return verify.sweep(WIDE, tmp_path_factory.mktemp("alone") / "table.parquet").path.read_bytes()


def test_loky(alone: bytes, tmp_path: Path) -> None:
    swept = verify.sweep(WIDE, tmp_path / "table.parquet", jobs=2)
    assert swept.computed == 24
    assert swept.path.read_bytes() == alone


def test_a_backend_that_gives_results_all_at_once(alone: bytes, tmp_path: Path) -> None:
    """As Ray's does."""

    class AtOnce(SequentialBackend):  # type: ignore[misc]
        supports_return_generator = False

    joblib.register_parallel_backend("at-once", AtOnce)
    with joblib.parallel_config(backend="at-once"):
        assert verify.sweep(WIDE, tmp_path / "table.parquet").path.read_bytes() == alone


def test_no_more_processes_than_chunks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    class Noted(joblib.Parallel):  # type: ignore[misc]
        def __init__(self, n_jobs: int, **options: Any) -> None:
            asked.append(n_jobs)
            super().__init__(n_jobs=1, **options)

    monkeypatch.setattr(joblib, "Parallel", Noted)
    verify.sweep(SMALL, tmp_path / "table.parquet", jobs=1000)
    assert asked == [3]


def test_a_process_that_ends_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spread, "_work", lambda chunk, submitter: os._exit(9))
    with pytest.raises(RuntimeError, match=r"a process of the sweep ended \(.*\); finished chunks are kept"):
        verify.sweep(SMALL, tmp_path / "table.parquet", jobs=2)


def test_an_error_in_a_worker_is_told(tmp_path: Path) -> None:
    asked = study(problem={"lambda_W": 1e-200}, axes={"lambda_W": None})
    with pytest.raises(ValueError, match="lambda_W=1e-200 is beyond what solvers reach in float64"):
        verify.sweep(asked, tmp_path / "table.parquet")


def test_one_thread_inside_and_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the cluster's own
def test_dask(alone: bytes, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        assert verify.sweep(WIDE, tmp_path / "table.parquet").path.read_bytes() == alone


@pytest.mark.slow
def test_jobs_of_submitit(alone: bytes, tmp_path: Path) -> None:
    submitit = pytest.importorskip("submitit")
    executor = submitit.LocalExecutor(folder=tmp_path / "logs")
    swept = verify.sweep(WIDE, tmp_path / "table.parquet", jobs=2, executor=executor)
    assert swept.path.read_bytes() == alone


@pytest.mark.slow
def test_a_job_that_fails_is_told_and_finished_chunks_stay(tmp_path: Path) -> None:
    submitit = pytest.importorskip("submitit")
    executor = submitit.LocalExecutor(folder=tmp_path / "logs")
    fine = read_study(study(study={"chunk": 1}, axes={"lambda_W": [0.1, 0.2], "loss": None}))
    asked = attrs.evolve(fine, axes=(Axis("lambda_W", (0.1, 1e-200)),))  # which no file may state
    with pytest.raises(Exception, match="lambda_W=1e-200 is beyond"):
        verify.sweep(asked, tmp_path / "table.parquet", jobs=1, executor=executor)
    assert [path.name for path in (tmp_path / "table.parquet.parts").glob("chunk*")] == ["chunk-0000000.parquet"]
    assert sys.exc_info() == (None, None, None)
    assert SMALL["study"]["chunk"] == 3


@pytest.mark.slow
def test_slurm(alone: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its programs stand in for themselves: what sbatch is given, and that the arrays it would run make the table."""
    pytest.importorskip("submitit")
    (tmp_path / "bin").mkdir()
    install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    executor = slurm_executor("partition=gpu,time=60,memory=8GB,at_once=2", tmp_path / "logs")
    swept = verify.sweep(WIDE, tmp_path / "table.parquet", jobs=2, executor=executor)
    assert swept.path.read_bytes() == alone
    asked = (tmp_path / "bin" / "job-100").read_text()
    for line in ("--partition=gpu", "--time=60", "--mem=8GB", "--array=0-1%2"):
        assert f"#SBATCH {line}\n" in asked
