"""Notices of failed runs and drifted numbers, sent to the log and, if one is set, to a webhook."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx

from orchestration.sources.live.deadline import Deadline

TIMEOUT_SECONDS = 10.0


def notify(
    webhook: str | None,
    text: str,
    say: Callable[[str], None],
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> bool:
    """Log `text` and POST it to `webhook` as JSON with the field text.

    Returns whether the webhook accepted it. Whatever a webhook does, it never fails a run, nor
    holds it for longer than `timeout_seconds`. Its address may hold a secret, so neither it nor the
    text of an error, which may repeat it, is ever logged.
    """
    say(text)
    if not webhook:
        return False
    failures: list[str | None] = []
    # in a thread: no limit of a client covers the look-up of a name
    sender = threading.Thread(
        target=lambda: failures.append(_failure_to_post(webhook, text, timeout_seconds)),
        daemon=True,
    )
    sender.start()
    sender.join(timeout_seconds)
    failure = failures[0] if failures else f"no answer within {timeout_seconds:g} s"
    if failure:
        say(f"the notice could not be delivered to LCT_NOTICE_WEBHOOK ({failure})")
    return failure is None


def _failure_to_post(webhook: str, text: str, seconds: float) -> str | None:
    """Post the text; in a word what went wrong, None if it was accepted."""
    try:
        with (
            Deadline(seconds) as deadline,
            httpx.Client(timeout=seconds) as client,
            client.stream(
                "POST", webhook, json={"text": text}, extensions={"trace": deadline.trace}
            ) as response,
        ):
            # the answer is its status; the body is not read
            return None if response.is_success else f"HTTP {response.status_code}"
    except Exception as error:
        # whatever an odd address or an odd answer leads the libraries to
        return type(error).__name__
