"""Real networks beside the theory: multi-task ResNets and VGGs, their data, training and geometry."""
