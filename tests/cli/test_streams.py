"""Whatever standard output is, the work is done, its files are written, and nothing of what is told is lost."""

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from verify.cli import streams
from verify.cli.plain_symbols import spelled

ROOT = Path(__file__).parents[2]
PACKAGES = ("ufm", "theory", "verify", "networks")
SMALL = ["--classes", "2", "2", "--samples", "5", "--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]


def ufm(*arguments, **options):
    command = [sys.executable, "-c", "import ufm_command; ufm_command.main()", *map(str, arguments)]
    return subprocess.run(command, stderr=subprocess.PIPE, timeout=600, check=False, **options)


def written(text, encoding, monkeypatch):
    behind = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(behind, encoding=encoding))
    with streams.safe_streams():
        print(text, end="")
        sys.stdout.flush()
        return behind.getvalue()


def symbols():
    texts = [path.read_text(encoding="utf-8") for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    return {character for character in "".join(texts) if not character.isascii()}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "koi8-r", "utf-8"])
def test_every_symbol_of_the_program_can_be_written(encoding, monkeypatch):
    found = symbols()
    assert {"λ", "‖", "²", "≥"} <= found
    for character in found:
        told = written(f"[{character}]", encoding, monkeypatch).decode(encoding)
        assert told in (f"[{character}]", f"[{spelled(character)}]")
        assert len(told) > 2
        assert "\\" not in told, character


def test_spellings():
    assert "".join(map(spelled, "λ_H ‖H‖² ≤ 10⁻³, σ₁ → ∞ … 𝟏")) == "lambda_H ||H||^2 <= 10^-^3, sigma_1 -> inf ... 1"
    assert "".join(map(spelled, "┌─┬│╭")) == "+-+|+"
    assert "".join(map(spelled, "日é")) == r"\u65e5e'"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_bytes_of_file_names_come_out_as_they_are(encoding, monkeypatch):
    assert written("caf\udce9", encoding, monkeypatch) == b"caf\xe9"


def test_a_report_is_written_for_a_reader_that_has_left(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = ufm("verify", *SMALL, "--report", tmp_path, stdout=writer, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "report.html").is_file()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
def test_output_that_cannot_be_written_is_told_after_the_work(tmp_path):
    with open("/dev/full", "w") as full:
        done = ufm("solve", *SMALL, "--save", tmp_path / "s.safetensors", stdout=full)
    assert done.returncode == 2
    assert done.stderr.decode().strip() == "ufm: standard output cannot be written to (No space left on device)"
    assert (tmp_path / "s.safetensors").is_file()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
@pytest.mark.parametrize("stderr", [">&-", pytest.param(">/dev/full", marks=pytest.mark.slow)])
def test_status_where_neither_stream_can_be_written(stderr):
    command = [sys.executable, "-c", "import ufm_command; ufm_command.main()", "solve", *SMALL]
    assert subprocess.run(f"{shlex.join(command)} >/dev/full 2{stderr}", shell=True, check=False).returncode == 2


def test_closed_streams(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with streams.safe_streams():
        print("nobody reads this")
        print("nor this", file=sys.stderr)
    assert sys.stdout is None
