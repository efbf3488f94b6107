"""A local server that speaks the documented shapes of Salesforce and BambooHR, faults included.

Belongs here: the answers. Does not belong here: tests. It listens on loopback only.
"""

from __future__ import annotations

import csv
import io
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY, SECRET = "the-consumer-key", "the-consumer-secret"  # pragma: allowlist secret
API_KEY = "the-bamboo-key"  # pragma: allowlist secret
Record = dict[str, Any]


@dataclass
class Service:
    """What the server holds, how it misbehaves and what it was asked.

    Attributes:
        objects: Salesforce records by object.
        employees: BambooHR's people.
        items: Records of a service with every kind of pages, one kind per path.
        page_size: Records per page.
        faults: Answers to give before the right ones: a status, "truncated", "expired", or
            "silence", which lasts until the server ends.
        retry_after: What a busy answer says of when to come again.
        repeats_page: The next page is the first one again.
        asked: Paths and SOQL, in order.
        port: Where it listens.
        ended: Set when the server ends.
    """

    objects: dict[str, list[Record]] = field(default_factory=dict)
    employees: list[Record] = field(default_factory=list)
    items: list[Record] = field(default_factory=list)
    page_size: int = 2
    faults: list[Any] = field(default_factory=list)
    retry_after: str = "0"
    repeats_page: bool = False
    asked: list[str] = field(default_factory=list)
    log_ins: int = 0
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def page(self, kind: str, asked: Record) -> Record:
        """Answer with one page of the items, in the way of one kind of pages."""
        since = asked.get("updated_since", "")
        rows = [row for row in self.items if row["changed_at"] >= since]
        size = int(asked.get("limit") or asked.get("page[limit]") or self.page_size)
        number = int(asked.get("page", 1)) - 1
        at = int(asked.get("offset") or asked.get("at") or asked.get("page[after]") or 0)
        at = number * size if kind == "page_number" else at
        more = self.repeats_page or at + size < len(rows)
        link = f"https://127.0.0.1:{self.port}/v1/next_link?at={at + size}"
        return {
            "data": rows[:size] if self.repeats_page else rows[at : at + size],
            "next": link if more else None,
            "meta": {
                "total": len(rows),
                "pages": -(-len(rows) // size),
                "page": {"nextCursor": str(at + size) if more else None},
            },
        }

    def select(self, soql: str, *, with_deleted: bool) -> list[Record]:
        found = re.fullmatch(
            r"SELECT (.+) FROM (\w+)"
            r"(?: WHERE SystemModstamp >= (\S+) ORDER BY SystemModstamp, Id)?",
            soql,
        )
        assert found, soql
        fields, name, since = found.groups()
        rows = [
            {field: row.get(field) for field in fields.split(", ")}
            for row in self.objects[name]
            if (with_deleted or not row["IsDeleted"])
            and (since is None or row["SystemModstamp"][:19] >= since[:19])
        ]
        return sorted(rows, key=lambda row: (row["SystemModstamp"], row["Id"]))


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Service]:
    """Run the server; with a certificate (key and all in one file) it speaks TLS."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def answer(self, body: Any, status: int = 200, **headers: str) -> None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(data)

        def misbehave(self) -> bool:
            if not service.faults:
                return False
            fault = service.faults.pop(0)
            if fault == "truncated":
                self.answer('{"totalSize": 1, "done": true, "records": [{"Id": "1"')
            elif fault == "expired":
                self.answer([{"errorCode": "INVALID_SESSION_ID", "message": "expired"}], 401)
            elif fault == "forbidden":
                secret = self.headers.get("Authorization", "")
                self.answer([{"errorCode": "INVALID_FIELD", "message": f"no {secret}"}], 403)
            elif fault == "silence":
                service.ended.wait()
                self.close_connection = True
            else:
                self.answer({"error": "busy"}, int(fault), Retry_After=service.retry_after)
            return True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if self.path.startswith("/services/oauth2/token"):
                service.log_ins += 1
                where = f"https://127.0.0.1:{service.port}"
                token = f"token-{service.log_ins}"
                self.answer({"access_token": token, "instance_url": where})
            elif self.path.endswith("/jobs/query"):
                service.asked.append("bulk " + json.loads(body)["query"])
                self.answer({"id": "750", "state": "UploadComplete"})

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            service.asked.append(asked.get("q") or self.path)
            if self.misbehave():
                return
            if url.path.endswith("/jobs/query/750"):
                self.answer({"id": "750", "state": "JobComplete", "numberRecordsProcessed": 1})
            elif url.path.endswith("/jobs/query/750/results"):
                soql = next(text[5:] for text in reversed(service.asked) if text[:5] == "bulk ")
                rows = service.select(soql, with_deleted=False)
                text = io.StringIO()
                writer = csv.DictWriter(text, soql[7:].split(" FROM ")[0].split(", "))
                writer.writeheader()
                writer.writerows(rows)
                count = str(len(rows))
                self.answer(
                    text.getvalue(), Sforce_Locator="null", Sforce_NumberOfRecords=count,
                    Content_Type="text/csv",
                )  # fmt: skip
            elif "/query" in url.path:
                self.query(url.path, asked)
            elif url.path.endswith("/employees/directory"):
                self.answer({"fields": [], "employees": service.employees})
            elif url.path.startswith("/v1/"):
                self.answer(service.page(url.path.rpartition("/")[2], asked))
            elif url.path.endswith("/v1/employees"):
                service.items = [{"changed_at": "", **person} for person in service.employees]
                self.answer(service.page("cursor", asked))
            else:
                self.answer({"error": f"no {url.path}"}, 404)

        def query(self, path: str, asked: dict[str, str]) -> None:
            if "q" in asked:
                self.server.rows = service.select(  # type: ignore[attr-defined]
                    asked["q"], with_deleted="queryAll" in path
                )
                start = 0
            else:
                start = 0 if service.repeats_page else int(path.rsplit("-", 1)[1])
            rows = self.server.rows  # type: ignore[attr-defined]
            end = start + service.page_size
            done = end >= len(rows) and not service.repeats_page
            more = {} if done else {"nextRecordsUrl": f"/services/data/v59.0/queryAll/01g-{end}"}
            self.answer({"totalSize": len(rows), "done": done, "records": rows[start:end]} | more)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_address[1]
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.ended.set()
        server.shutdown()
        server.server_close()
