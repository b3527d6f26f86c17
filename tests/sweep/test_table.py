"""The table: its rows say what certify, metrics, claims and theory say one by one, and any reader reads it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest
from studies import SMALL, study

import theory
import ufm
import verify
from verify.claims import LIBRARY
from verify.sweeping import Progress, read_study
from verify.sweeping.made import made
from verify.sweeping.parts import parts_of

FAMILIES: dict[str, Any] = {
    "study": {"chunk": 4},
    "problem": {"classes": 3, "lambdas": 0.02, "n": 2, "rows": 5},
    "axes": {"source": ["single", "multi", "multilabel", "soft", "regression"], "lambda_b": [0.02, 0, "none"]},
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> verify.Sweep:
    return verify.sweep(SMALL, tmp_path_factory.mktemp("swept") / "table.parquet")


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> verify.Sweep:
    return verify.sweep(FAMILIES, tmp_path_factory.mktemp("families") / "table.parquet")


def test_rows_of_every_family(families: verify.Sweep) -> None:
    """The numbers of one call each, which a mistaken column or a row out of order would not have."""
    asked, frame = read_study(FAMILIES), families.to_frame()
    assert frame["problem"].tolist() == list(range(15))
    assert frame["certified"].all()
    for i, row in frame.iterrows():
        problem = made(asked.parameters(int(str(i))))
        solution = ufm.solve(problem)
        certificate = verify.certify(problem, solution)
        assert row["objective"] == pytest.approx(certificate.objective, rel=1e-12)
        assert row["lower_bound"] <= row["objective"] * (1 + 1e-12)
        assert row["verdict"] == certificate.verdict == "global minimum"
        assert row["source"] == problem.source
        assert row["bias"] == ["penalized", "free", "none"][int(str(i)) % 3]
        assert row["samples"] == problem.samples
        measured = verify.metrics(problem, solution, classic=True)
        for name in ("SNC1", "SNC3_max", "MNC2_1", "NC_m", "NRC2", "effective_rank", "CDNV"):
            _same(row[f"metric_{name}"], measured[name])
        for name in LIBRARY:
            _same(row[f"claim_{name}"], LIBRARY[name](problem, solution))
        try:
            prediction = theory.predict(problem)
        except theory.NotCovered:
            assert not row["covered"]
            assert row["theorem"] is None or pandas.isna(row["theorem"])
            continue
        assert row["theorem"] == prediction.theorem
        assert row["theory_objective"] == prediction.objective
        assert row["rank"] == row["theory_rank"] == prediction.rank
        assert row["theory_error"] < 1e-12
        if prediction.thresholds:
            assert row["lambda_product"] == prediction.thresholds[0].product
            assert row["least_threshold"] == min(threshold.value for threshold in prediction.thresholds)


def _same(found: float, expected: float) -> None:
    if math.isnan(expected):
        assert math.isnan(found)
    else:
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_ranks_and_thresholds_are_theorys(swept: verify.Sweep) -> None:
    """N = 24: task 1 vanishes at λ_H λ_W = 24/(4·2) = 3, task 2 at 2, here with λ_H = 0.01 never; ranks 1 + 2."""
    frame = swept.to_frame()
    entropies = frame[frame["loss"] == "cross-entropy"]
    np.testing.assert_allclose(entropies["largest_threshold"], 3.0)
    np.testing.assert_allclose(entropies["least_threshold"], 2.0)
    np.testing.assert_allclose(entropies["lambda_product"], 0.01 * entropies["lambda_W"])
    assert (frame["rank"] == 3).all()
    past = verify.sweep(
        study(axes={"lambda_H": [0.1, 0.25, 0.4], "lambda_W": [10.0], "loss": None}),
        swept.path.with_name("past.parquet"),
    )
    assert past.to_frame()["rank"].tolist() == [3, 1, 0]
    assert past.to_frame()["thresholds_passed"].tolist() == [0, 1, 2]


def test_a_claim_that_fails_is_a_counterexample(tmp_path: Path) -> None:
    """nc4 fails for unequal correlated counts (docs/findings), nc3 too, and a theorem's objective does not."""
    asked = study(
        study={"claims": ["nc3", "nc4", "theorem_5_1_cosine"]},
        problem={"classes": [2, 2], "counts": "correlated", "n": None, "n_same": 9, "n_different": 2},
        axes={"lambda_W": [0.01], "loss": None},
    )
    (row,) = verify.sweep(asked, tmp_path / "t.parquet").to_frame().to_dict("records")
    assert row["violated_nc3"]
    assert row["claim_nc3"] > 0.1
    assert not row["violated_theorem_5_1_cosine"]
    assert row["claim_theorem_5_1_cosine"] < 1e-6


def test_uncertified_points_are_no_counterexamples(tmp_path: Path) -> None:
    asked = study(
        study={"tolerance": 1e-30},
        problem={"classes": [2, 2], "counts": "correlated", "n": None, "n_same": 9, "n_different": 2},
        axes={"lambda_W": [0.01], "loss": None},
    )
    swept = verify.sweep(asked, tmp_path / "t.parquet")
    (row,) = swept.to_frame().to_dict("records")
    assert row["claim_nc3"] > 0.1
    assert not row["violated_nc3"]
    assert not swept.all_certified


def test_pandas_polars_and_xarray_read_it(swept: verify.Sweep) -> None:
    polars = pytest.importorskip("polars")
    xarray = pytest.importorskip("xarray")
    frame = pandas.read_parquet(swept.path)
    other = polars.read_parquet(swept.path)
    assert other.columns == list(frame.columns)
    assert other["objective"].to_list() == frame["objective"].tolist()
    assert other["metric_SNC3"].null_count() == 0
    data = xarray.Dataset.from_dataframe(frame.set_index(["lambda_W", "loss"]))
    assert data["objective"].dims == ("lambda_W", "loss")
    assert data["objective"].shape == (4, 2)
    assert float(data["objective"].sel(lambda_W=10.0, loss="cross-entropy")) == frame["objective"][6]


def test_one_row_group_a_chunk_and_the_study_in_the_schema(swept: verify.Sweep) -> None:
    file = pq.ParquetFile(swept.path)
    assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == [3, 3, 2]
    said = {key.decode(): value.decode() for key, value in file.schema_arrow.metadata.items()}
    assert said["ufm.digest"] == read_study(SMALL).digest
    assert read_study(json.loads(said["ufm.study"])).digest == said["ufm.digest"]
    assert (said["ufm.seed"], said["ufm.version"]) == ("0", ufm.__version__.partition("+")[0])


def test_a_table_that_is_there_is_not_computed_again(swept: verify.Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    before = swept.path.read_bytes()
    monkeypatch.setattr("verify.sweeping.chunk.solved_together", None)
    again = verify.sweep(SMALL, swept.path)
    assert again.computed == 0
    assert swept.path.read_bytes() == before


def test_a_table_of_another_study_is_refused(swept: verify.Sweep) -> None:
    with pytest.raises(
        ValueError, match=r"table.parquet' is the table of another study \(problem.n is 4 there, 5 here"
    ):
        verify.sweep(study(problem={"n": 5}), swept.path)
    with pytest.raises(ValueError, match="another study \\(its axes are in another order"):
        verify.sweep(SMALL | {"axes": dict(reversed(SMALL["axes"].items()))}, swept.path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(ValueError, match=r"text.parquet' is not a whole Parquet file"):
        verify.sweep(SMALL, tmp_path / "text.parquet")
    pandas.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(ValueError, match=r"other.parquet' is not a table of ufm sweep"):
        verify.sweep(SMALL, tmp_path / "other.parquet")
    with pytest.raises(FileNotFoundError, match=r"table='.*absent/t.parquet': there is no folder"):
        verify.sweep(SMALL, tmp_path / "absent" / "t.parquet")
    with pytest.raises(ValueError, match="jobs must be an integer ≥ 1, got 0"):
        verify.sweep(SMALL, tmp_path / "t.parquet", jobs=0)
    assert {path.name for path in tmp_path.iterdir()} == {"text.parquet", "other.parquet"}


def test_another_version_is_refused(swept: verify.Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.sweeping.columns.VERSION", "9.0")
    with pytest.raises(ValueError, match=r"was begun by version [0-9.]+ of this program, which is now 9.0"):
        verify.sweep(SMALL, swept.path)


def test_progress_says_what_is_left(tmp_path: Path) -> None:
    told: list[Progress] = []
    verify.sweep(SMALL, tmp_path / "t.parquet", progress=told.append)
    assert [so_far.done for so_far in told] == [0, 3, 6, 8]
    assert told[0].remaining is None
    assert told[-1].remaining == 0
    assert not parts_of(tmp_path / "t.parquet").exists()
    assert Progress(300, 100, 500, 8.0).remaining == 8.0
    assert str(Progress(300, 100, 500, 8.0)) == "300 of 500 problems, 60%; 8 s left"
    assert str(Progress(300, 100, 500, 800.0)) == "300 of 500 problems, 60%; 13 min 20 s left"
    assert str(Progress(100, 100, 500, 3.0)) == "100 of 500 problems, 20%"
