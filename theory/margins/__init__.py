"""The numbers inside the closed forms: thresholds, margins, the roots that give them, the cosines they make."""
