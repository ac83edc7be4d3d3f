"""The part of GitHub's REST API that reviews need. It waits at rate limits, and sends the token to GitHub only."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stacks.errors import UserError

API = "https://api.github.com"
TRIES = 5
LONGEST_WAIT = 120  # seconds in all; after that it is better to run the workflow again
PAGE = 100
PAGES = 30
TIMEOUT = 30


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Removes the token from redirects to other hosts, such as the store of artifacts, which must not get it."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        redirected = super().redirect_request(req, fp, code, msg, headers, newurl)
        if redirected and urllib.parse.urlsplit(newurl).netloc != urllib.parse.urlsplit(req.full_url).netloc:
            redirected.remove_header("Authorization")
        return redirected


class GitHub:
    """One repository.

    Args:
        repository: ``OWNER/NAME``.
        environ: has GITHUB_TOKEN, and GITHUB_API_URL if the API is not that of github.com.
    """

    def __init__(
        self, repository: str, environ: Mapping[str, str] = os.environ, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if repository.count("/") != 1:
            raise UserError(f"--repository {repository!r}: write it as OWNER/NAME")
        if not environ.get("GITHUB_TOKEN"):
            raise UserError("GITHUB_TOKEN is not set: a token that may read pull requests and write their comments")
        self._root = f"{environ.get('GITHUB_API_URL') or API}/repos/{repository}"
        self._token = environ["GITHUB_TOKEN"]
        self._sleep = sleep
        self._opener = urllib.request.build_opener(_SameHost())

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path below the repository.

        Raises:
            UserError: GitHub refused, or did not answer in time. The message has the reason.
        """
        return self._json("GET", path + (f"?{urllib.parse.urlencode(query)}" if query else ""))

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list, page by page."""
        for page in range(1, PAGES + 1):
            answer = self.get(path, **query, per_page=PAGE, page=page)
            items = answer if isinstance(answer, list) else next(v for v in answer.values() if isinstance(v, list))
            yield from items
            if len(items) < PAGE:
                return

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._json("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._json("PATCH", path, body)

    def delete(self, path: str) -> None:
        """Deletes what is at a path. It is no error if nothing is there."""
        self._request("DELETE", path, None, missing_is_fine=True)

    def bytes(self, path: str, at_most: int) -> bytes:
        """The content at a path. GitHub may redirect to another host for it.

        Raises:
            UserError: the content is larger than ``at_most`` bytes.
        """
        content = self._request("GET", path, None, at_most=at_most + 1)
        if len(content) > at_most:
            raise UserError(f"{path}: is larger than {at_most} bytes")
        return content

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        content = self._request(method, path, body)
        try:
            return json.loads(content) if content else None
        except ValueError:
            raise UserError(f"GitHub: {method} {path}: the answer is not JSON") from None

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        missing_is_fine: bool = False,
        at_most: int | None = None,
    ) -> bytes:
        waited = 0.0
        for attempt in range(TRIES):
            try:
                with self._opener.open(self._made(method, path, body), timeout=TIMEOUT) as answer:
                    return answer.read(at_most) if at_most else answer.read()
            except urllib.error.HTTPError as error:
                if missing_is_fine and error.code == 404:
                    return b""
                reason, wait = _reason(error), _wait(error, attempt)
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                reason, wait = f"it cannot be reached: {getattr(error, 'reason', error)}", 2.0**attempt
            if wait is None or waited + wait > LONGEST_WAIT or attempt == TRIES - 1:
                raise UserError(f"GitHub: {method} {path}: {reason}")
            self._sleep(wait)
            waited += wait
        raise AssertionError("every try returns, raises or waits")

    def _made(self, method: str, path: str, body: Mapping[str, Any] | None) -> urllib.request.Request:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "wharf",
        }
        data = json.dumps(body).encode() if body is not None else None
        return urllib.request.Request(f"{self._root}{path}", data=data, headers=headers, method=method)  # noqa: S310 its own API


def _wait(error: urllib.error.HTTPError, attempt: int) -> float | None:
    """After how many seconds to try again; None if that does not help."""
    if after := error.headers.get("Retry-After"):
        return float(after)
    if error.headers.get("X-RateLimit-Remaining") == "0":
        return max(1.0, float(error.headers.get("X-RateLimit-Reset", "0")) - time.time())
    return 2.0**attempt if error.code >= 500 else None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        message = json.loads(error.read()).get("message", "")
    except (ValueError, AttributeError, OSError):
        message = ""
    limited = error.headers.get("Retry-After") or error.headers.get("X-RateLimit-Remaining") == "0"
    hint = {
        401: "the token is not valid",
        403: "the token may not do it: see `permissions:` of the workflow",
        404: "there is no such thing, or the token may not see it",
    }.get(error.code, "")
    return ": ".join(
        filter(None, [str(error.code), message, "too many requests: run it again later" if limited else hint])
    )
