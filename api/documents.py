"""The OpenAPI document: which content each route takes, and what every door asks for."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

REF: Final = "#/components/schemas/{model}"
TITLE: Final = "Treatment Journey Engine"
VERSION: Final = "1"

_described: dict[str, type[BaseModel]] = {}


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """The part of a route's description that says what content it takes."""
    _described[model.__name__] = model
    schema = {"$ref": REF.format(model=model.__name__)}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def install(app: FastAPI) -> None:
    """Let the app describe itself with our schemas and the bearer token."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=TITLE, version=VERSION, routes=app.routes)
    models = [(model, "validation") for model in _described.values()]
    _, schemas = models_json_schema(models, ref_template=REF)  # type: ignore[arg-type]
    parts = document.setdefault("components", {})
    parts.setdefault("schemas", {}).update(schemas.get("$defs", {}))
    parts["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    document["security"] = [{"bearer": []}]
    return document
