"""The one HTTP session of all sources over the network: time-outs, retries, Retry-After."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from dagster_project.runtime.credentials import redact
from dagster_project.sources.errors import PermanentSourceError, SourceError

TIMEOUT_SECONDS = 60
LONGEST_WAIT_SECONDS = 300
_REFUSED = (400, 401, 403, 404)


class _TimedAdapter(HTTPAdapter):
    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = TIMEOUT_SECONDS
        return super().send(request, *args, **kwargs)


def new_session() -> requests.Session:
    """Make a session: 4 retries of requests that got lost or that a busy server refused."""
    retry = Retry(
        total=4,
        retry_after_max=LONGEST_WAIT_SECONDS,
        backoff_factor=0.5,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
    )
    session = requests.Session()
    session.mount("https://", _TimedAdapter(max_retries=retry))
    # A link or a redirection in the clear would carry the log-in.
    del session.adapters["http://"]
    return session


@contextmanager
def answering(service: str, secrets: Iterable[str], *, is_personal: bool = False) -> Iterator[None]:
    """Turn what a service or its client raises into an error a user can act on, secrets left out.

    An answer about people may be quoted in what is raised: then only its kind is said.

    Raises:
        SourceError: It did not answer properly now.
        PermanentSourceError: It refused; trying again cannot help.
    """
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        reason = redact(" ".join(str(error).split()), secrets)[:500]
        status = getattr(error, "status", None) or getattr(
            getattr(error, "response", None), "status_code", None
        )
        if is_personal:
            reason = type(error).__name__ + (f", status {status}" if status else "")
        if status in _REFUSED or type(error).__name__ == "SalesforceAuthenticationFailed":
            raise PermanentSourceError(
                f"{service} refused: {reason}; check address, names and permissions"
            ) from None
        raise SourceError(f"{service} did not answer properly: {reason}; run again") from None
