"""Pages as a browser would read them."""

import base64
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np


class Page(HTMLParser):
    """What a browser would see: the elements, and what they ask to be loaded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [v for k, v in attrs if k in ("src", "href", "action", "data") and v]
        self.ids += [given["id"]] if given.get("id") else []
        if tag not in ("meta", "path", "polyline", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)


def payload_of(text: str) -> dict[str, Any]:
    """What the page draws."""
    found = re.search(r'<script type="application/json" id="payload">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found.group(1))  # type: ignore[no-any-return]


def numbers(packed: dict[str, Any]) -> np.ndarray:
    """Numbers as the page unpacks them."""
    if "step" in packed:
        return np.minimum(packed["from"] + packed["step"] * np.arange(packed["count"]), packed["to"])
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<" + packed["dtype"])
