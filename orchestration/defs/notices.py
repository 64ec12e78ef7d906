"""Notices of failed runs and drifted numbers, sent to the log and, if one is set, to a webhook."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

TIMEOUT_SECONDS = 10


def notify(webhook: str | None, text: str, say: Callable[[str], None]) -> bool:
    """Log `text` and POST it to `webhook` as JSON with the field text.

    Returns whether the webhook accepted it. A webhook that does not answer never fails a run. Its
    address may hold a secret, so it is never logged.
    """
    say(text)
    if not webhook:
        return False
    try:
        request = urllib.request.Request(
            webhook,
            json.dumps({"text": text}).encode("utf-8"),
            {"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            return True
    except (OSError, ValueError) as error:
        reason = (
            f"HTTP {error.code}"
            if isinstance(error, urllib.error.HTTPError)
            else type(error).__name__
        )
        say(f"the notice could not be delivered to LCT_NOTICE_WEBHOOK ({reason})")
        return False
