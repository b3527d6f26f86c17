"""Training of multi-task networks from a configuration."""

from ufm_networks.training.config import Config, FeatureDecay, ModelConfig, TrainConfig, read_config
from ufm_networks.training.decay import UFMLambdas, ufm_lambdas
from ufm_networks.training.run import Run, load_run
from ufm_networks.training.train_network import train

__all__ = [
    "Config",
    "FeatureDecay",
    "ModelConfig",
    "Run",
    "TrainConfig",
    "UFMLambdas",
    "load_run",
    "read_config",
    "train",
    "ufm_lambdas",
]
