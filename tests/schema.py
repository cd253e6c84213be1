#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""schema.py OBJECTS SCHEMAS: lines of a command and the object that it printed. Each object holds to
the schema of its name and has no field that the schema does not know; each schema is used."""
import glob
import json
import os
import sys

import jsonschema


def closed(schema):
    """The same with no further fields: those may come within a version, but with their description."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: value if key in ("if", "then", "else", "oneOf") else closed(value)
              for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        schema.setdefault("additionalProperties", False)
    return schema


def main():
    checkers, seen, failed = {}, set(), 0
    for path in glob.glob(os.path.join(sys.argv[2], "*.json")):
        schema = json.load(open(path))
        jsonschema.Draft7Validator.check_schema(schema)
        name = schema["properties"]["schema"]["const"]
        if os.path.basename(path) != name.replace("/", "-") + ".json":
            print(f"{path} is about {name}")
            failed += 1
        checkers[name] = jsonschema.Draft7Validator(closed(schema))
    for line in open(sys.argv[1]):
        command, text = line.rstrip("\n").split(" ", 1)
        try:
            printed = json.loads(text)
            checker = checkers[printed["schema"]]
        except (ValueError, KeyError, TypeError) as error:
            print(f"{command}: {error!r}: {text[:100]}")
            failed += 1
            continue
        seen.add(printed["schema"])
        for error in checker.iter_errors(printed):
            where = "/".join(str(part) for part in error.absolute_path)
            print(f"{command}: {printed['schema']} {where}: {error.message[:200]}")
            failed += 1
    for name in sorted(set(checkers) - seen):
        print(f"{name}: no command printed it")
        failed += 1
    print(f"{len(seen)} schemas, {failed} failed")
    return failed > 0


sys.exit(main())
