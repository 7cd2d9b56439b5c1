"""Pages, as AWS cuts its listings: EC2 by MaxResults and NextToken, IAM by MaxItems and Marker (GetAccountAuthorizationDetails over
its four lists together). Which operations have pages, and where their items are, is read from AWS's API models; the text of an
item stays as moto wrote it. Knows no proxy: it is given the answer that a request without a token gets.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html#api-pagination
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""
import base64
import dataclasses
import functools
import hashlib
import re
import urllib.parse
import xml.parsers.expat

import botocore.session

# Resources named in an EC2 request: InstanceId.1, TransitGatewayIds.1.
NAMED = re.compile(r"\w+Ids?\.\d+")
# More than moto will ever have: its own pages are not wanted.
EVERYTHING = "1000000"
EC2_DEPTH, IAM_DEPTH = 2, 3   # IAM's lists stand within a result


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The largest page of each service, and the one that nobody asked another size of."""
    ec2: int = 1000
    iam: int = 100


@dataclasses.dataclass(frozen=True)
class Form:
    """How one operation is asked for a page and tells of the next."""
    token: str              # parameter
    size: str               # parameter
    lists: frozenset[str]   # elements that hold the items
    depth: int              # of these elements; the root is 1
    told: tuple[str, ...]   # elements beside them that tell of a next page


class Listing:
    """One request for a page of a listing."""

    def __init__(self, form: Form, body: bytes, most: int):
        self.form = form
        parameters = dict(urllib.parse.parse_qsl(body.decode("latin-1"), keep_blank_values=True))
        self._token, self._asked = parameters.pop(form.token, ""), parameters.pop(form.size, "")
        self._parameters = parameters
        # What is asked for by id comes in one answer, unless a size is asked for, too.
        named = form.depth == EC2_DEPTH and any(NAMED.fullmatch(name) for name in parameters)
        self.size = int(EVERYTHING) if named and not self._asked else min(int(self._asked or most), most)
        self._query = hashlib.sha256(urllib.parse.urlencode(parameters).encode()).hexdigest()[:16]

    def bodies(self) -> tuple[bytes, bytes]:
        """Requests for the whole listing: the one to try, and the one for when that is cut. Some listings refuse a size that was
        not asked for (with ids)."""
        whole = urllib.parse.urlencode({**self._parameters, self.form.size: EVERYTHING}).encode()
        return whole if self._asked else urllib.parse.urlencode(self._parameters).encode(), whole

    def start(self) -> int | None:
        """The first item of the page; `None` for a token of another query, or of nobody."""
        if not self._token:
            return 0
        try:
            query, _, at = base64.urlsafe_b64decode(self._token).decode().partition("|")
            return int(at) if query == self._query else None
        except ValueError:
            return None

    def token_at(self, start: int) -> str:
        return base64.urlsafe_b64encode(f"{self._query}|{start}".encode()).decode()


def listing(service: str, action: str | None, body: bytes, sizes: Sizes) -> Listing | None:
    """`None` when the operation has no pages."""
    form = forms(service).get(action) if action and service in ("ec2", "iam") else None
    return Listing(form, body, getattr(sizes, service)) if form else None


@functools.cache
def forms(service: str) -> dict[str, Form]:
    """Operation -> its form, of those that have pages."""
    model = botocore.session.Session().get_service_model(service)
    token, size, depth, told = {"ec2": ("NextToken", "MaxResults", EC2_DEPTH, ("nextToken",)),
                                "iam": ("Marker", "MaxItems", IAM_DEPTH, ("Marker", "IsTruncated"))}[service]
    found = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        asked, answered = operation.input_shape, operation.output_shape
        if asked and answered and token in asked.members and token in answered.members:
            lists = {shape.serialization.get("name", member) for member, shape in answered.members.items() if shape.type_name == "list"}
            found[name] = Form(token, size, frozenset(lists), depth, told)
    return found


class Cut:
    """A whole answer, and where its items begin and end."""

    def __init__(self, body: bytes, form: Form):
        self.body, self.form = body, form
        self.items: list[tuple[int, int]] = []
        self.lists: list[tuple[int, int]] = []   # each list's first item, and the one after its last
        self._told: list[tuple[int, int]] = []   # elements to replace
        self._end: int | None = None             # where the lists' parent ends
        self._find()

    @property
    def truncated(self) -> bool:
        """Is there a token in it, so that it is not whole?"""
        text = [self.body[start:end] for start, end in self._told]
        return any(not one.endswith(b"/>") and b"></" not in one and not one.startswith(b"<IsTruncated") for one in text)

    def page(self, start: int, listing: Listing) -> bytes:
        if self._end is None:
            return self.body
        end = min(start + listing.size, len(self.items))
        removed = [*self._told, *self._outside(start, end)]
        follows = end < len(self.items)
        told = f"<{self.form.told[0]}>{listing.token_at(end)}</{self.form.told[0]}>" if follows else ""
        told += "".join(f"<{name}>{str(follows).lower()}</{name}>" for name in self.form.told[1:])
        pieces, at = [], 0
        for first, last in sorted([*removed, (self._end, self._end)]):
            pieces += [self.body[at:first], told.encode() if first == self._end else b""]
            at = last
        return b"".join([*pieces, self.body[at:]])

    def _outside(self, start: int, end: int):
        """The text of the items before `start` and from `end` on, list by list."""
        for first, after in self.lists:
            low, high = min(max(start, first), after), max(min(end, after), first)
            if low >= high:
                yield self.items[first][0], self.items[after - 1][1]
                continue
            if low > first:
                yield self.items[first][0], self.items[low - 1][1]
            if high < after:
                yield self.items[high][0], self.items[after - 1][1]

    def _find(self) -> None:
        parser, depth, open_list, starts = xml.parsers.expat.ParserCreate(), 0, None, []

        def begins(name: str, _attributes: dict) -> None:
            nonlocal depth, open_list
            depth += 1
            starts.append(parser.CurrentByteIndex)
            if depth == self.form.depth and name in self.form.lists:
                open_list = len(self.items)

        def ends(name: str) -> None:
            nonlocal depth, open_list
            at, start = parser.CurrentByteIndex, starts.pop()
            # Of <empty/> the end is told behind the tag.
            end = self.body.index(b">", at) + 1 if self.body.startswith(b"</", at) else at
            if open_list is not None and depth == self.form.depth + 1:
                self.items.append((start, end))
            elif depth == self.form.depth:
                if open_list is not None and len(self.items) > open_list:
                    self.lists.append((open_list, len(self.items)))
                open_list = None
                if name in self.form.told:
                    self._told.append((start, end))
            elif depth == self.form.depth - 1 and self._end is None:
                self._end = at
            depth -= 1

        parser.StartElementHandler, parser.EndElementHandler = begins, ends
        parser.Parse(self.body, True)
