"""The numbers inside the closed forms: thresholds, margins, the roots behind them, and the resulting cosines."""
