"""Training of multi-task networks from a configuration."""

from networks.training.config import Config, FeatureDecay, ModelConfig, TrainConfig, read_config
from networks.training.decay import UFMLambdas, ufm_lambdas
from networks.training.run import Run, load_run
from networks.training.train_network import train

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
