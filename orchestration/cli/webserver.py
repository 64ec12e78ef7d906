"""Dagster's web server for `make dev`, which answers only requests made on its own pages.

It listens on 127.0.0.1, and whoever reaches it can launch runs. A browser on this machine reaches
it on behalf of any web page: by a name that the page's owner points at 127.0.0.1 (the request's
Host is then that name), or by a form, a picture or a script of the page (its Origin is then that
page's, or the browser calls the request cross-site). All of these are refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

OWN_NAMES = ("127.0.0.1", "localhost", "::1")


def refusal(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Why a request with these headers is refused, in a sentence; None if it is not."""
    received: dict[str, list[str]] = {}
    for name, value in headers:
        received.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    hosts = received.get("host", [])
    if len(hosts) != 1 or _host_name(hosts[0]) not in OWN_NAMES:
        return "This server answers at 127.0.0.1 and localhost only, not at another name."
    # a tunnel may end at another port than the server's, so the port is the request's own
    if any(origin != f"http://{hosts[0]}" for origin in received.get("origin", [])):
        return "This server takes no request from another web page."
    # a picture or a link sends no Origin; browsers since 2023 say where it comes from
    if not {"same-origin", "none"}.issuperset(received.get("sec-fetch-site", [])):
        return "This server takes no request from another web page; type its address yourself."
    return None


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"http://{host}").hostname
    except ValueError:
        return None


def own_pages_only(app: App) -> App:
    """`app` behind a guard that answers refused requests with status 403 and the reason."""

    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        reason = refusal(scope["headers"]) if scope["type"] in ("http", "websocket") else None
        if reason is None:
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            plain = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": plain})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})

    return guarded


def main() -> None:
    """`dagster-webserver`, with the arguments of this process, behind the guard."""
    from dagster_webserver import cli

    create = cli.create_app_from_workspace_process_context

    def create_guarded(*arguments: Any, **options: Any) -> Any:
        return own_pages_only(create(*arguments, **options))

    cli.create_app_from_workspace_process_context = create_guarded
    cli.main()


if __name__ == "__main__":
    main()
