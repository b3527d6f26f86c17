"""Completion in a real shell, where there is one."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

import ufm_command
from verify.cli.completion import script
from verify.cli.switches import COMPLETION

TABLE = ufm_command._commands()
ASK = """
. {file}
for line in {lines}; do
    COMP_WORDS=($line); [ "${{line% }}" = "$line" ] || COMP_WORDS+=("")
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    _shtab_ufm; echo "${{COMPREPLY[*]}}"
done
"""
COMPLETED = {
    "ufm ver": "verify",
    "ufm --ver": "--verbose --version",
    "ufm verify --lam": "--lambda-H --lambda-W --lambda-b",
    "ufm verify --method ": "newton gradient projection convex",
    "ufm -v solve --loss sq": "squared-error",
    "ufm data f": "fetch",
    "ufm figure phase-diagram --x": "--x",
    "ufm train a.toml --device c": "cpu cuda",
    "ufm --print-completion z": "zsh",
    "ufm solve --save o": "out.safetensors",
    "ufm solve --labels out.safetensors o": "out.safetensors",
    "ufm measure out.safetensors o": "out.safetensors",
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash(tmp_path):
    file = tmp_path / "ufm.bash"
    file.write_text(script("bash", TABLE))
    (tmp_path / "out.safetensors").write_text("")
    asked = ASK.format(file=shlex.quote(str(file)), lines=" ".join(map(shlex.quote, COMPLETED)))
    done = subprocess.run(["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert dict(zip(COMPLETED, done.stdout.splitlines(), strict=True)) == COMPLETED


@pytest.mark.parametrize("shell", ["zsh", "fish", "tcsh"])
def test_other_shells_can_read_theirs(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    file = tmp_path / "completion"
    file.write_text(script(shell, TABLE))
    done = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", COMPLETION.choices)
def test_every_command_and_flag_is_there(shell):
    text = script(shell, TABLE)
    for name in TABLE:
        assert name in text
    for flag in ("lambda-H", "objective-tolerance", "dry-run", "print-completion"):
        assert flag in text
