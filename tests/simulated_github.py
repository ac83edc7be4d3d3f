"""A part of GitHub's REST API on this machine, with what can go wrong there."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "example/wharf"
BOT = "github-actions[bot]"
LONGEST_COMMENT = 65_536


@dataclass
class State:
    """What is there. ``failures`` are answered first: (status, headers) each, once, for a path that matches."""

    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    failures: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, authorization
    next_id: int = 1
    page_size: int = 100

    def pull(self, number: int, head: str, *labels: str) -> None:
        self.pulls.append(made_pull(number, head, *labels))

    def labels(self, number: int) -> list[str]:
        (found,) = [pull for pull in self.pulls if pull["number"] == number]
        return [label["name"] for label in found["labels"]]

    def comment(self, number: int, body: str, login: str = BOT) -> dict[str, Any]:
        made = {"id": self.next_id, "issue": number, "body": body, "user": {"login": login}, "html_url": "https://c"}
        self.next_id += 1
        self.comments.append(made)
        return made

    def artifact(self, content: bytes, name: str = "review.json") -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        self.artifacts["wharf-review"] = packed.getvalue()


def made_pull(number: int, head: str, *labels: str, into: str = "main") -> dict[str, Any]:
    base = {"ref": into, "repo": {"default_branch": "main"}}
    return {"number": number, "head": {"sha": head}, "base": base, "labels": [{"name": label} for label in labels]}


@contextmanager
def running(state: State) -> Iterator[str]:
    """The base URL of a server over ``state``."""
    lock = threading.RLock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _answer(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
            content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _serve(self) -> None:
            with lock:
                self._route(*self._read())

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 http.server's names

        def _read(self) -> tuple[str, dict[str, str], Any]:
            split = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {key: values[0] for key, values in parse_qs(split.query).items()}
            return split.path.removeprefix(f"/repos/{REPOSITORY}"), query, json.loads(body) if body else None

        def _route(self, path: str, query: dict[str, str], body: Any) -> None:
            state.requests.append((self.command, path, self.headers.get("Authorization") or ""))
            for failure in state.failures:
                if re.fullmatch(failure[0], f"{self.command} {path}"):
                    state.failures.remove(failure)
                    self._answer(failure[1], {"message": "simulated"}, failure[2])
                    return
            for pattern, handler in ROUTES:
                if matched := re.fullmatch(pattern, f"{self.command} {path}"):
                    answer = handler(state, query, body, *matched.groups())
                    self._answer(answer[0], answer[1], answer[2] if len(answer) > 2 else None)
                    return
            self._answer(404, {"message": "Not Found"})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


def _page(state: State, query: dict[str, str], items: list[Any]) -> list[Any]:
    size = min(int(query.get("per_page", 30)), state.page_size)
    start = (int(query.get("page", 1)) - 1) * size
    return items[start : start + size]


def _pulls(state: State, query: dict[str, str], body: Any) -> Answer:
    return 200, _page(state, query, state.pulls)


def _pull(state: State, query: dict[str, str], body: Any, number: str) -> Answer:
    found = [pull for pull in state.pulls if pull["number"] == int(number)]
    return (200, found[0]) if found else (404, {"message": "Not Found"})


def _files(state: State, query: dict[str, str], body: Any, number: str) -> Answer:
    return 200, _page(state, query, [{"filename": name} for name in state.files])


def _list_comments(state: State, query: dict[str, str], body: Any, number: str) -> Answer:
    return 200, _page(state, query, [found for found in state.comments if found["issue"] == int(number)])


def _comment(state: State, query: dict[str, str], body: Any, number: str) -> Answer:
    if len(body["body"]) > LONGEST_COMMENT:
        return 422, {"message": "body is too long (maximum is 65536 characters)"}
    return 201, state.comment(int(number), body["body"])


def _edit(state: State, query: dict[str, str], body: Any, id_: str) -> Answer:
    if len(body["body"]) > LONGEST_COMMENT:
        return 422, {"message": "body is too long (maximum is 65536 characters)"}
    (found,) = [found for found in state.comments if found["id"] == int(id_)]
    found["body"] = body["body"]
    return 200, found


def _uncomment(state: State, query: dict[str, str], body: Any, id_: str) -> Answer:
    before = len(state.comments)
    state.comments[:] = [found for found in state.comments if found["id"] != int(id_)]
    return (204, None) if len(state.comments) < before else (404, {"message": "Not Found"})


def _unlabel(state: State, query: dict[str, str], body: Any, number: str, label: str) -> Answer:
    for pull in state.pulls:
        if pull["number"] == int(number):
            pull["labels"] = [found for found in pull["labels"] if found["name"] != label]
    return 200, []


def _status(state: State, query: dict[str, str], body: Any, commit: str) -> Answer:
    if len(body["description"]) > 140:
        return 422, {"message": "description is too long"}
    state.statuses.append({**body, "commit": commit})
    return 201, body


def _artifacts(state: State, query: dict[str, str], body: Any, run: str) -> Answer:
    return 200, {"total_count": 1, "artifacts": [{"id": 7, "name": name} for name in state.artifacts]}


def _zip(state: State, query: dict[str, str], body: Any) -> Answer:
    return 302, None, {"Location": f"{STORE[0]}/store"}


def _store(state: State, query: dict[str, str], body: Any) -> Answer:
    return 200, state.artifacts["wharf-review"]


STORE = [""]  # where artifacts are kept: another host than the API's
ROUTES = (
    (r"GET /pulls", _pulls),
    (r"GET /pulls/(\d+)", _pull),
    (r"GET /pulls/(\d+)/files", _files),
    (r"GET /issues/(\d+)/comments", _list_comments),
    (r"POST /issues/(\d+)/comments", _comment),
    (r"PATCH /issues/comments/(\d+)", _edit),
    (r"DELETE /issues/comments/(\d+)", _uncomment),
    (r"DELETE /issues/(\d+)/labels/([\w-]+)", _unlabel),
    (r"POST /statuses/([0-9a-f]+)", _status),
    (r"GET /actions/runs/(\d+)/artifacts", _artifacts),
    (r"GET /actions/artifacts/7/zip", _zip),
    (r"GET /store", _store),
)
