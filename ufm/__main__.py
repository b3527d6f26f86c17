"""``python -m ufm``, and ``torchrun -m ufm``: the program ``ufm``, which stands outside this package and above it."""

from ufm_command import main

if __name__ == "__main__":
    main()
