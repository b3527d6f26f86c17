"""Subcommands of ``ufm`` that need networks or data."""

from __future__ import annotations

from typing import Any

from ufm_networks.cli.certify_command import Certify
from ufm_networks.cli.data_command import Data
from ufm_networks.cli.measure_command import Measure
from ufm_networks.cli.parameters_command import Parameters
from ufm_networks.cli.reproduce_command import Reproduce
from ufm_networks.cli.train_command import Train

COMMANDS: dict[str, Any] = {
    "data": Data,
    "train": Train,
    "measure": Measure,
    "certify": Certify,
    "reproduce": Reproduce,
    "parameters": Parameters,
}
