"""JSON Schemas of the app file and the stage file, for editors. ``python -m stacks.reading.schema`` writes them.

The keys come from the models, the limits from the constants that the checks use, and the descriptions from the tables
in ``docs/``. A schema looks at one file and one key at a time. Only the program checks what AWS offers, and whether two
keys or two files fit together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws
from pydantic import TypeAdapter

from components.apps import fields, spec
from components.apps.schedule import SHORT
from stacks.reading import models
from stacks.reading.config import AWS_KEYS
from stacks.services.registry import SERVICES

DOCS = Path(__file__).resolve().parents[2] / "docs"
FOLDER = DOCS / "schema"
DRAFT = "http://json-schema.org/draft-07/schema#"  # not every editor knows newer drafts
KINDS = {
    "local": models.LocalConfig,
    "aws": models.AwsConfig,
    "cluster": models.ClusterConfig,
    "account": models.AccountConfig,
}

Schema = dict[str, Any]


def _whole(pattern: str, **more: Any) -> Schema:
    return {"pattern": f"^(?:{pattern})$", **more}


def _described(page: str) -> dict[str, str]:
    """The first two columns of a page's tables: the key and its description."""
    rows = re.findall(r"^\| `([A-Za-z:.-]+)` \| (.*?) \|", (DOCS / page).read_text(), flags=re.MULTILINE)
    return {key: re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text) for key, text in rows}


COUNT = {"minimum": 1, "maximum": fields.REPLICAS_MAX}
VARIABLES = {"propertyNames": _whole(spec.VARIABLE.pattern)}
PATH = _whole(spec.PATH.pattern)
NAME = spec.NAME.pattern
LABELS = {
    "propertyNames": _whole(rf"(?!(?:{spec.LABELS_OF_OURS.pattern})$)(?:{spec.LABEL_KEY.pattern})"),
    "additionalProperties": _whole(spec.LABEL_VALUE.pattern),
}
LIMITS: Mapping[str, Mapping[str, Schema]] = {
    "AppSpec": {
        "image": _whole(spec.IMAGE.pattern),
        "version": _whole(spec.VERSION.pattern, minLength=1),
        "schedule": _whole(rf"{'|'.join(SHORT)}|\s*(\S+\s+){{4}}\S+\s*"),
        "port": {"minimum": 1, "maximum": 65535},
        "service": _whole(NAME, maxLength=63),
        "labels": LABELS,
        "user": {"minimum": 1, "maximum": spec.USER_MAX},
        "writable": {"items": PATH},
        "env": VARIABLES,
        "secrets": VARIABLES,
        "files": {"propertyNames": PATH},
        "needs": {"propertyNames": {"enum": list(SERVICES)}, "additionalProperties": VARIABLES},
        "before": {"items": {"pattern": "[^ \\t\\r\\n]"}},
    },
    "Resources": {
        "cpu": _whole(rf"(?!0+\.0+$)(?:{fields.QUANTITY_CPU.pattern})"),
        "memory": _whole(fields.QUANTITY_MEMORY.pattern),
    },
    "Replicas": {"min": COUNT, "max": COUNT, "cpu": {"minimum": 1, "maximum": 100}},
    "Health": {"live": {"pattern": "^/"}, "ready": {"pattern": "^/"}},
    "Route": {"host": _whole(fields.HOST.pattern), "path": _whole(fields.URL_PATH.pattern)},
    "Permission": {"actions": {"items": _whole(fields.ACTION.pattern), "minItems": 1}, "resources": {"minItems": 1}},
    # The lowest values that any kind of stage accepts. Only the program checks that RDS needs more storage.
    "DatabaseSection": {"storage-gib": {"minimum": 1}, "backup-days": {"minimum": 0}, "rotation": {"minimum": 1}},
    "CacheSection": {"rotation": {"minimum": 1}},
    "LocalConfig": {"pull-secrets": {"propertyNames": _whole(NAME)}},
    "AwsConfig": {"pull-secrets": {"propertyNames": _whole(NAME)}},
}
ENCRYPTED: Schema = {
    "type": "object",
    "description": "a value that `pulumi config set --secret` encrypted",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
AS_JSON = {"type": "string", "pattern": "^[{\\[]", "description": "the same in one line, as JSON"}
ACCOUNT_ID = {"type": ["string", "integer"], **_whole("[0-9]{12}"), "minimum": 10**11, "maximum": 10**12 - 1}


def app_schema() -> Schema:
    """An app file. Nothing is required in it, because a stage may state what the app file leaves out."""
    app = _app()
    del app["properties"]["version"]
    return {"$schema": DRAFT, "title": "An app of Wharf", **app}


def stage_schema() -> Schema:
    """A stage file. Which keys it may have depends on ``wharf:kind``."""
    kinds = [
        {"if": {"properties": {"wharf:kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{kind}"}} for kind in KINDS
    ]
    kind = {"description": _described("config.md")["wharf:kind"], "enum": list(KINDS)}
    return {
        "$schema": DRAFT,
        "title": "A stage of Wharf",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {"wharf:kind": kind},
                "required": ["wharf:kind"],
                "allOf": kinds,
            },
            **{key: {"type": "string"} for key in ("encryptedkey", "encryptionsalt", "secretsprovider")},
            "environment": {"description": "Pulumi ESC is not read", "enum": [None, [], {}]},
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": {"encrypted": ENCRYPTED, "app": _app_override(), **{kind: _kind_of_stage(kind) for kind in KINDS}},
    }


def _app() -> Schema:
    app = _generated(spec.AppSpec, _described("apps.md"))
    del app["properties"]["name"]
    _nothing_required(app)
    needs = app["properties"]["needs"]
    needs["additionalProperties"] = _or_null(needs["additionalProperties"])
    listed = {"type": "array", "items": needs["propertyNames"]}
    app["properties"]["needs"] = {"description": needs.pop("description"), "anyOf": [listed, needs]}
    return app


def _nothing_required(schema: Schema) -> None:
    """Makes the keys of maps optional at every level, because a stage can add them. A stage can only replace a list."""
    schema.pop("required", None)
    for value in schema.get("properties", {}).values():
        for choice in value.get("anyOf", [value]):
            _nothing_required(choice)


def _app_override() -> Schema:
    """The part of an app that is in a stage file. ``null`` removes a key. The version is required."""
    app = _nullable(_app())
    app["properties"]["version"] = app["properties"]["version"]["anyOf"][0]
    return _or_encrypted({**app, "required": ["version"]})


def _nullable(schema: Schema) -> Schema:
    if "properties" in schema:
        return {
            **schema,
            "properties": {key: _or_null(_nullable(value)) for key, value in schema["properties"].items()},
        }
    if "anyOf" in schema:
        return {**schema, "anyOf": [_nullable(choice) for choice in schema["anyOf"]]}
    if schema.get("type") == "object":
        return {**schema, "additionalProperties": _or_null(_nullable(schema["additionalProperties"]))}
    return schema


def _or_null(schema: Schema) -> Schema:
    return {**_description(schema), "anyOf": [schema, {"type": "null"}]}


def _description(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key == "description"}


def _kind_of_stage(kind: str) -> Schema:
    stage = _generated(KINDS[kind], _described("config.md"), "wharf:")
    keys = {
        f"wharf:{key}": _top(_or_encrypted(value, plain_secrets=kind == "local"))
        for key, value in stage["properties"].items()
    }
    if "wharf:apps" in keys:
        names = _whole(NAME, maxLength=spec.NAME_MAX)
        keys["wharf:apps"]["anyOf"][0] |= {"propertyNames": names, "additionalProperties": {"$ref": "#/$defs/app"}}
    return {
        "type": "object",
        "properties": {**keys, **_provider_settings(kind)},
        "patternProperties": {"^pulumi:": {}},
        "required": [f"wharf:{key}" for key in stage["required"]] + (["aws:region"] if kind != "local" else []),
        "additionalProperties": False,
    }


def _provider_settings(kind: str) -> Schema:
    if kind == "local":
        return {key: {} for key in AWS_KEYS}
    descriptions = _described("config.md")
    settings: dict[str, Schema] = {
        "aws:region": {"enum": sorted(region.value for region in pulumi_aws.Region)},
        "aws:profile": {"type": ["string", "number"]},
        "aws:allowedAccountIds": {"anyOf": [{"type": "array", "items": ACCOUNT_ID}, AS_JSON]},
    }
    return {key: {"description": descriptions[key], **schema} for key, schema in settings.items()}


def _top(schema: Schema) -> Schema:
    """A value directly below ``config``. It is never empty. `pulumi config set` writes it as JSON in quotes."""
    written: list[Schema] = []
    for choice in _choices(schema):
        if choice.get("type") == "null":
            continue
        if choice.get("type") == "boolean":
            written += [choice, {"enum": ["true", "false"]}]
        elif choice.get("type") == "string":
            written.append({**choice, "type": ["string", "number"]})
        else:
            written += [choice] if "$ref" in choice else [choice, AS_JSON]
    return {**_description(schema), "anyOf": written}


def _choices(schema: Schema) -> Iterator[Schema]:
    if "anyOf" not in schema:
        yield schema
    for choice in schema.get("anyOf", ()):
        yield from _choices(choice)


def _or_encrypted(schema: Schema, *, plain_secrets: bool = True) -> Schema:
    """Any text that needs no special form may be encrypted. A secret must be encrypted, except in a local stage."""
    encrypted = {"$ref": "#/$defs/encrypted"}
    if schema.get("type") == "string" and not {"pattern", "enum", "const"} & set(schema):
        plain = {key: value for key, value in schema.items() if key not in ("writeOnly", "format", "description")}
        choices = [plain, encrypted] if plain_secrets or "writeOnly" not in schema else [encrypted]
        return {**_description(schema), "anyOf": choices}
    converted = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(key), dict):
            converted[key] = _or_encrypted(inner, plain_secrets=plain_secrets)
    if "properties" in schema:
        converted["properties"] = {
            key: _or_encrypted(value, plain_secrets=plain_secrets) for key, value in schema["properties"].items()
        }
    if "anyOf" in schema:
        converted["anyOf"] = [_or_encrypted(choice, plain_secrets=plain_secrets) for choice in schema["anyOf"]]
    return converted


def _generated(type_: Any, descriptions: Mapping[str, str], prefix: str = "") -> Schema:
    """The schema that pydantic generates for a type, with our limits and descriptions, and without references."""
    generated = TypeAdapter(type_).json_schema()
    definitions = {**generated.pop("$defs", {}), type_.__name__: generated}
    for name, limits in LIMITS.items():
        for key, limit in limits.items() if name in definitions else ():
            definitions[name]["properties"][key] = _merged(definitions[name]["properties"][key], limit)
    return _plain(generated, definitions, descriptions, prefix)


def _merged(schema: Schema, limit: Schema) -> Schema:
    merged = dict(schema)
    for key, value in limit.items():
        merged[key] = _merged(merged[key], value) if isinstance(merged.get(key), dict) else value
    return merged


def _plain(schema: Schema, definitions: Mapping[str, Schema], descriptions: Mapping[str, str], path: str) -> Schema:
    if "$ref" in schema:
        schema = {**schema, **definitions[schema["$ref"].rpartition("/")[2]]}
    plain = {key: value for key, value in schema.items() if key not in ("title", "$ref", "description", "default")}
    if isinstance(default := schema.get("default"), (bool, int, str)):
        plain["default"] = default
    if path in descriptions:
        plain["description"] = descriptions[path]
    inner = f"{path}." if path and not path.endswith(":") else path
    if "properties" in schema:
        plain["properties"] = {
            key: _plain(value, definitions, descriptions, f"{inner}{key}")
            for key, value in schema["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            plain[key] = _plain(schema[key], definitions, descriptions, "")
    if "anyOf" in schema:
        plain["anyOf"] = [_plain(choice, definitions, {}, path) for choice in schema["anyOf"]]
    return plain


def files() -> Mapping[Path, str]:
    """The schema files and their content."""
    schemas = {"app.json": app_schema(), "stage.json": stage_schema()}
    return {FOLDER / name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")
