"""``--slurm partition=gpu,time=60``: jobs of a Slurm cluster, through submitit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ufm.support.nearest_name import unknown_name

# what a user says → submitit's name, kind
OPTIONS: dict[str, tuple[str, type]] = {
    "partition": ("partition", str),
    "time": ("time", int),  # minutes
    "cpus": ("cpus_per_task", int),
    "gpus": ("gpus_per_node", int),
    "memory": ("mem", str),  # such as 8GB
    "account": ("account", str),
    "qos": ("qos", str),
    "constraint": ("constraint", str),
    "at_once": ("array_parallelism", int),
}


def slurm_options(text: str) -> dict[str, Any]:
    """Options of submitit's SlurmExecutor of ``partition=gpu,time=60``; raises ValueError naming what cannot be."""
    found: dict[str, Any] = {}
    for part in text.split(",") if text.strip() else []:
        key, equals, value = (word.strip() for word in part.partition("="))
        if not equals or not value:
            raise ValueError(
                f"--slurm takes name=value, separated by commas, such as partition=gpu,time=60; got {part!r}"
            )
        if key not in OPTIONS:
            raise unknown_name("--slurm", key, OPTIONS)
        name, kind = OPTIONS[key]
        if name in found:
            raise ValueError(f"--slurm names {key} twice: {text!r}")
        if kind is int and (not value.isdecimal() or int(value) < 1):
            minutes = " of minutes" if key == "time" else ""
            raise ValueError(f"--slurm {key} must be a whole number{minutes} ≥ 1, got {value!r}")
        found[name] = kind(value)
    return found


def slurm_executor(text: str, folder: Path) -> Any:
    """An executor of those options, which keeps its logs in ``folder``.

    Raises ValueError naming the option that cannot be, or where this machine has no Slurm; ModuleNotFoundError without
    submitit.
    """
    options = slurm_options(text)
    if shutil.which("sbatch") is None:
        raise ValueError(
            f"--slurm {text!r}: there is no Slurm here (no program sbatch on the path); run it on a login node of the "
            "cluster, or leave --slurm out and give --jobs"
        )
    try:
        import submitit
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "--slurm needs submitit: pip install 'ufm-toolkit[cluster]'", name=error.name
        ) from error
    executor = submitit.SlurmExecutor(folder=folder)
    executor.update_parameters(**options)
    return executor
