"""Reads every example request of the API document with the models that were generated from it."""

import json
import sys

import humanops_models

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)

read = 0
for path, item in document["paths"].items():
    for method, operation in item.items():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        schema = content["schema"]
        named = [one for one in [schema, *schema.get("oneOf", [])] if "$ref" in one]
        model = getattr(humanops_models, named[0]["$ref"].rsplit("/", 1)[1])
        model.model_validate(content["example"])
        read += 1
assert read > 20, f"only {read} operations have a JSON request"
