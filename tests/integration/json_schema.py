"""A validator for the JSON schemas that a peer's OpenAPI document uses, and no more: an unknown keyword is an error."""

import re

KNOWN = {"type", "properties", "required", "additionalProperties", "items", "enum", "allOf", "anyOf", "oneOf", "$ref", "description", "minimum",
         "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format", "default", "nullable", "example", "title", "const"}
KINDS = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


class Mismatch(AssertionError):
    pass


def is_kind(value, kind):
    if kind in ("integer", "number") and isinstance(value, bool):
        return False
    return isinstance(value, KINDS[kind])


def resolve(schema, document):
    """Follows `$ref` into the document, however often."""
    while "$ref" in schema:
        assert schema["$ref"].startswith("#/"), schema
        part = document
        for name in schema["$ref"][2:].split("/"):
            part = part[name.replace("~1", "/").replace("~0", "~")]
        schema = part
    return schema


def merged(schema, document):
    """`allOf` of objects as the one object that they describe together: each part is a part of a whole answer."""
    parts = [merged(resolve(part, document), document) for part in schema.get("allOf", ())]
    if not parts:
        return schema
    assert set(schema) == {"allOf"} and all(set(part) <= {"type", "properties", "required"} for part in parts), schema
    whole = {"type": "object", "properties": {}, "required": []}
    for part in parts:
        whole["properties"].update(part["properties"])
        whole["required"] += part.get("required", part["properties"])
    return whole


def validate(value, schema, document, where="body"):
    """Raises Mismatch where `value` is not as `schema` says. Properties that are described must be there, and no others: the
    document describes whole answers. An object without properties is free."""
    schema = merged(resolve(schema, document), document)
    unknown = set(schema) - KNOWN
    assert not unknown, f"{where}: the validator does not know {sorted(unknown)}"
    for group in ("anyOf", "oneOf"):
        if group in schema:
            check_group(value, schema[group], group, document, where)
    kind = schema.get("type")
    if kind is not None:
        kinds = kind if isinstance(kind, list) else [kind]
        if not any(is_kind(value, one) for one in kinds):
            raise Mismatch(f"{where}: {value!r:.200} is no {'/'.join(kinds)}")
    if "enum" in schema and value not in schema["enum"]:
        raise Mismatch(f"{where}: {value!r:.200} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        raise Mismatch(f"{where}: {value!r:.200} is not {schema['const']}")
    if isinstance(value, str):
        check_text(value, schema, where)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            raise Mismatch(f"{where}: {value} is out of bounds")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            raise Mismatch(f"{where}: {len(value)} items")
        for i, item in enumerate(value):
            validate(item, schema.get("items", {}), document, f"{where}[{i}]")
    if isinstance(value, dict):
        check_object(value, schema, document, where)


def check_group(value, parts, group, document, where):
    faults, fitting = [], 0
    for part in parts:
        try:
            validate(value, part, document, where)
            fitting += 1
        except Mismatch as fault:
            faults.append(str(fault))
    if fitting == 0 or (group == "oneOf" and fitting != 1):
        raise Mismatch(f"{where}: fits {fitting} of {group}: {faults}")


# What the document's words promise: `schemas.cpp` writes them for its own types.
WORDS = {"decimal number": r"-?[0-9]+(\.[0-9]+)?", "64 hexadecimal digits": "[0-9a-f]{64}",
         "ISO 8601 time in UTC": r"[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z"}


def check_text(value, schema, where):
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        raise Mismatch(f"{where}: {len(value)} characters")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise Mismatch(f"{where}: {value!r:.100} does not match {schema['pattern']}")
    word = WORDS.get(schema.get("description"))
    if word and not re.fullmatch(word, value):
        raise Mismatch(f"{where}: {value!r:.100} is no {schema['description']}")


def check_object(value, schema, document, where):
    properties = schema.get("properties")
    more = schema.get("additionalProperties", properties is None)
    for name in schema.get("required", properties or ()):
        if name not in value:
            raise Mismatch(f"{where}: lacks {name}")
    for name, item in value.items():
        if properties and name in properties:
            validate(item, properties[name], document, f"{where}.{name}")
        elif more is False:
            raise Mismatch(f"{where}: has {name}, which is not described")
        elif isinstance(more, dict):
            validate(item, more, document, f"{where}.{name}")


def self_test():
    """The validator finds what it is for."""
    document = {"components": {"schemas": {"D": {"type": "string", "description": "decimal number"}}}}
    schema = {"type": "object", "properties": {"n": {"type": ["integer", "null"]}, "d": {"$ref": "#/components/schemas/D"},
                                               "l": {"type": "array", "items": {"enum": ["a", "b"]}}}}
    validate({"n": None, "d": "-1.5", "l": ["a"]}, schema, document)
    for bad in ({"n": 1, "d": "1"}, {"n": True, "d": "1", "l": []}, {"n": 1, "d": "1e5", "l": []}, {"n": 1, "d": "1", "l": ["c"]},
                {"n": 1, "d": "1", "l": [], "x": 1}, {"n": 1.5, "d": "1", "l": []}, [], None):
        try:
            validate(bad, schema, document)
        except Mismatch:
            continue
        raise AssertionError(f"the validator takes {bad}")
    both = {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"type": "object", "properties": {"b": {}}, "required": []}]}
    validate({"a": "x", "b": 1}, both, document)
    validate({"a": "x"}, both, document)
    for bad in ({"b": 1}, {"a": 1}, {"a": "x", "c": 1}):
        try:
            validate(bad, both, document)
        except Mismatch:
            continue
        raise AssertionError(f"the validator takes {bad} of two")
