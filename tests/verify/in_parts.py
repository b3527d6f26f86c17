"""Forms cut into parts of a few columns each, as only large ones are outside the tests."""

from verify.certification.by_parts import parts


def in_parts(columns, point, width):
    """The Parts with ``width`` columns each."""
    found = parts.Parts(columns, point)
    found.width = width
    return found


def always(monkeypatch, numbers):
    """Lets ``certify`` take every form for a large one, with as many numbers in an array of a part."""
    monkeypatch.setattr("verify.certification.certificate.is_large", lambda columns: True)
    monkeypatch.setattr(parts, "BLOCK", numbers)
