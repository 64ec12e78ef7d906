"""How a value that came from outside stands in a message."""

from __future__ import annotations

LONGEST_SHOWN = 80


def shown(value: object) -> str:
    """At most the first 80 characters of `value`, in quotes, on one line, printable anywhere.

    Secrets, and addresses that may carry one, are for the caller to leave out.
    """
    text = str(value)
    cut = "..." if len(text) > LONGEST_SHOWN else ""
    return repr(text[:LONGEST_SHOWN]) + cut


def listed(*values: object) -> str:
    """Names or codes one after the other, each as `shown` has it, but without the quotes."""
    return ", ".join(repr(str(v)[:LONGEST_SHOWN])[1:-1] for v in values)
