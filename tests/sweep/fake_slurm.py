"""Slurm's programs as far as submitit calls them: arrays run at once on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

SBATCH = """
import os, re, subprocess, sys
from pathlib import Path
script = Path(sys.argv[-1]).read_text()
home = Path(__file__).parent
number = 100 + len(list(home.glob("job-*")))
(home / f"job-{number}").write_text(script)
last = re.search(r"--array=0-(\\d+)", script)
for task in range(int(last[1]) + 1 if last else 1):
    env = os.environ | {"SLURM_JOB_ID": str(number), "SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0",
                        "SLURM_NODEID": "0", "SLURM_JOB_NUM_NODES": "1", "SLURM_JOB_NODELIST": "here"}
    if last:
        env |= {"SLURM_ARRAY_JOB_ID": str(number), "SLURM_ARRAY_TASK_ID": str(task)}
    name = f"{number}_{task}" if last else str(number)
    subprocess.Popen(["bash", sys.argv[-1]], env=env, stdout=open(home / f"out-{name}", "w"), stderr=subprocess.STDOUT)
print(f"Submitted batch job {number}")
"""
SRUN = """
import os, sys
words = [word for word in sys.argv[1:] if not word.startswith("--")]
while words and not words[0].endswith("python") and "python" not in words[0]:
    words.pop(0)
os.execvp(words[0], words)
"""
SACCT = """
import sys
print("JobID|State|NodeList")
for word in sys.argv:
    if word.isdecimal():
        print(f"{word}|RUNNING|here")
"""


def install(folder: Path) -> None:
    """Puts sbatch, srun, sacct and scancel into the folder, which has to be on the path."""
    for name, text in {"sbatch": SBATCH, "srun": SRUN, "sacct": SACCT, "scancel": "pass"}.items():
        program = folder / name
        program.write_text(f"#!{sys.executable}\n{text}")
        program.chmod(0o755)
