"""Draws every figure.png below this folder anew, from the numbers beside it: python docs/results/redraw.py."""

from pathlib import Path

from ufm_networks.reproduction import redraw


def main() -> None:
    """Nothing is trained."""
    for figure in sorted(Path(__file__).parent.rglob("figure.png")):
        redraw(figure.parent, ["png"])
        print(figure)


if __name__ == "__main__":
    main()
