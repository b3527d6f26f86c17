"""The table of commands that need networks or data: their lines on the top help page, and their modules."""

from __future__ import annotations

from verify.cli.groups import NETWORKS, OWN, PAPER
from verify.cli.page import Command

COMMANDS: dict[str, Command] = {
    "certify": Command(
        OWN,
        "Certify features, labels and heads from a file of any program.",
        "ufm_networks.cli.certify_command",
        "Certify",
    ),
    "data": Command(
        NETWORKS,
        "List the data sets that are known, or fetch one.",
        "ufm_networks.cli.data_command",
        "Data",
        (),
    ),
    "train": Command(
        NETWORKS,
        "Train a multi-task network from a configuration file.",
        "ufm_networks.cli.train_command",
        "Train",
    ),
    "measure": Command(
        NETWORKS,
        "Compare trained networks with the model's certified minimum.",
        "ufm_networks.cli.measure_command",
        "Measure",
    ),
    "parameters": Command(
        NETWORKS,
        "Count what heads fixed at simplex ETFs save.",
        "ufm_networks.cli.parameters_command",
        "Parameters",
    ),
    "reproduce": Command(
        PAPER,
        "Train a figure's or table's runs and draw it.",
        "ufm_networks.cli.reproduce_command",
        "Reproduce",
    ),
}
