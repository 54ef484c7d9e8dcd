"""What schemathesis has to know beyond the description of the API."""

import pathlib
import tomllib

import schemathesis
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "crates/bellpush-call/tests/fixtures"
OFFERS = [
    (FIXTURES / f"{browser}-offer.sdp").read_text().replace("\r\n", "\n").replace("\n", "\r\n")
    for browser in ("chromium", "firefox")
]
FRAGMENTS = [f"a=ice-ufrag:{word[:4]}\r\na=ice-pwd:{word}\r\n" for word in ("a" * 24, "b1+/" * 8)]
# Parameters in whose place the id of an object is put that is there.
PINNED = set(tomllib.loads((pathlib.Path(__file__).parent / "objects.toml").read_text())["parameters"])
# The names of the extension and of the formats are those of crates/bellpush-core/src/schema.
BEYOND = "x-beyond-schema"

host = st.from_regex(r"\A[a-z][a-z0-9]{0,9}(\.[a-z]{2,5}){1,2}\Z")
formats = {
    "origin": host.map("https://{}".format),
    "endpoint-url": host.map("https://{}/hook".format),
    "web-address": host.map("https://{}/page?a=b".format),
    # It is read at once: one that is nowhere.
    "page-address": host.map("https://{}.invalid/page".format),
    "iana-time-zone": st.sampled_from(["Europe/Berlin", "UTC", "America/New_York", "Asia/Kolkata"]),
    "sip-address": st.one_of(
        st.from_regex(r"\A\+?[0-9]{3,12}\Z"), host.map("sip:100@{}".format), host.map("sips:sales@{}".format)
    ),
    "sdp": st.sampled_from(OFFERS),
    "ice-fragment": st.sampled_from(FRAGMENTS),
    # It is asked as soon as somebody wants to sign in by it: one that nobody has.
    "issuer": host.map("https://{}.invalid/realms/team".format),
    "cursor": st.from_regex(r"\A[0-9]{1,6}\Z"),
}
for name, values in formats.items():
    schemathesis.openapi.format(name, values)

FRAGMENT = "application/trickle-ice-sdpfrag"
schemathesis.serializer.alias(["application/sdp", FRAGMENT], "text/plain")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    if kind == "AcceptedNegativeData":
        return not was_put_right(case)
    return kind != "RejectedPositiveData" or not is_refused_beyond(case, response)


def was_put_right(case):
    """What was wrong was a parameter of the path alone, and a right one was sent in its place."""
    data = case.meta.phase.data
    wrong = {mutation.parameter for mutation in data.mutations} or {data.parameter}
    return wrong <= PINNED


def is_refused_beyond(case, response):
    """Valid data may be refused by a rule that a JSON Schema can't say: where the description names
    such a rule (`x-beyond-schema`), and the answer names that very place."""
    if response.status_code != 422:
        return False
    problem = response.json()
    operation = case.operation.definition.raw
    if "parameter" in problem:
        parameters = (it for it in operation["parameters"] if it["name"] == problem["parameter"])
        return any(BEYOND in parameter["schema"] for parameter in parameters)
    if "pointer" not in problem:
        return False
    body = operation["requestBody"]
    schema = body["content"][case.media_type]["schema"]
    path = problem["pointer"].split("/")[1:]
    return BEYOND in body or is_beyond(case.operation.schema.raw_schema, [schema], path)


def is_beyond(root, schemas, path):
    """Whether a rule beyond the schema is named at a place, or at the list, map or choice that it is in."""
    parents = []
    for key in path:
        parents, schemas = schemas, [
            inner for schema in variants(root, schemas) for inner in children(schema, key)
        ]
    here = list(variants(root, schemas))
    containers = [
        schema
        for schema in variants(root, parents)
        if "items" in schema or "anyOf" in schema or schema.get("additionalProperties")
    ]
    return any(BEYOND in schema for schema in here + containers)


def variants(root, schemas):
    """The schemas, what they refer to, and what they are put together from."""
    for schema in schemas:
        if not isinstance(schema, dict):
            continue
        yield schema
        parts = [part for word in ("allOf", "anyOf", "oneOf") for part in schema.get(word, [])]
        if "$ref" in schema:
            found = root
            for word in schema["$ref"].split("/")[1:]:
                found = found[word]
            parts.append(found)
        yield from variants(root, parts)


def children(schema, key):
    properties = schema.get("properties", {})
    if key in properties:
        yield properties[key]
    elif "additionalProperties" in schema:
        yield schema["additionalProperties"]
    if "items" in schema and key.isdigit():
        yield schema["items"]
