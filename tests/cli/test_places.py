"""Where nothing can be written is said before the work; what fails to be written later loses nothing."""

import resource

import pytest
from program import run

import ufm
from ufm.support import writable

PROBLEM = ["--classes", "3", "3", "--samples", "20", "--lambda-H", "0.05", "--lambda-W", "0.05"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", *PROBLEM, "--save"),
        ("solve", *PROBLEM, "--method", "gradient", "--checkpoint"),
        ("falsify", "nc4", "--family", "balanced", "--save"),
        ("theorem", "3.1", "--output"),
        ("parameters", "--output"),
    ],
)
@pytest.mark.parametrize("name", ["locked/file", "absent/file", "folder", "/dev/null"])
def test_a_file_that_cannot_be_written_is_named_before_the_work(arguments, name, monkeypatch, capsys, tmp_path):
    if (arguments[0], name) == ("parameters", "absent/file"):
        pytest.skip("makes the folder")
    _no_work(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "locked").mkdir()
    assert run(monkeypatch, *arguments, name) == 2
    out, err = capsys.readouterr()
    field = arguments[-1].removeprefix("--" if arguments[-1] == "--checkpoint" else "")
    assert err.startswith(f"ufm: {field}='{name.split('/')[0]}")
    assert out == ""


@pytest.mark.parametrize(
    ("arguments", "taken"),
    [
        (("verify", *PROBLEM, "--report"), "report.json"),
        (("figure", "60", "--output"), "figure-60.svg"),
        (("findings", "--output"), "findings.md"),
        (("measure", "run", "--output"), "measure.html"),
        (("reproduce", "6", "--source", "digits", "--output"), "README.md"),
    ],
)
@pytest.mark.parametrize("name", ["locked", "file", "taken"])
def test_a_folder_that_cannot_be_written_is_named_before_the_work(
    arguments, taken, name, monkeypatch, capsys, tmp_path
):
    _no_work(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "locked").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "taken" / taken).mkdir(parents=True)
    assert run(monkeypatch, *arguments, name) == 2
    out, err = capsys.readouterr()
    assert name in err
    assert "worked" not in err
    assert out == ""


def _no_work(monkeypatch):
    """Folders called "locked" take no file, though root may write everywhere; every way to the work is barred."""

    def refuse(folder, named):
        if folder.name == "locked":
            raise PermissionError(f"{named} cannot be written to (Permission denied)")

    def worked(*_, **__):
        raise RuntimeError("worked")

    monkeypatch.setattr(writable, "_try", refuse)
    monkeypatch.setattr("ufm.solvers.gradient.run.Run.__init__", worked)
    for name in (
        "verify.falsification.falsify",
        "verify.comparison.cosine_curve.cosine_curve",
        "verify.findings.run_findings",
        "theory.derivations.derive",
        "ufm_networks.parameter_counts.parameters_saved",
        "ufm_networks.measuring.open_run",
        "ufm_networks.experiments.train_experiment",
        "verify.main_job.case.run_case",
    ):
        monkeypatch.setattr(name, worked)
    solve = ufm.solve
    monkeypatch.setattr(ufm, "solve", lambda *a, **k: solve(*a, **k) if k.get("checkpoint") else worked())


@pytest.mark.parametrize(
    ("arguments", "flag", "told"),
    [
        (("solve", *PROBLEM), "--save", "objective"),
        pytest.param(
            ("falsify", "nc4", "--family", "balanced", "--tasks", "2", "--budget", "60"),
            "--save",
            "violation",
            marks=pytest.mark.slow,
        ),
        (("verify", *PROBLEM), "--report", "global minimum"),
    ],
)
@pytest.mark.usefixtures("undrawn")
def test_a_full_disk_loses_no_result(arguments, flag, told, monkeypatch, capsys, tmp_path):
    """Files of more than a kilobyte find no room."""
    monkeypatch.chdir(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        assert run(monkeypatch, *arguments, flag, "out") == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    out, err = capsys.readouterr()
    assert told in out
    assert "Traceback" not in err
    assert "out" in err
    assert "cannot be written (File too large)" in err
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []
