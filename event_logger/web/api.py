"""The description of `/api` as OpenAPI has it, made of the views themselves."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from event_logger.web.asked import ZONE, Param
from event_logger.web.view import View
from event_logger.web.views import VIEWS

_ERRORS = {
    "400": "A parameter makes no sense.",
    "401": "A token is needed.",
    "404": "There is no such log, order or type.",
    "414": "The address is too long.",
    "421": "It is not served under that name.",
    "500": "The log is damaged.",
    "503": "The store is away, or the answer took too long.",
}


def openapi() -> dict[str, Any]:
    """The document; amounts, orders and times of all answers are text."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "event-logger",
            "version": version("event-logger"),
            "description": "Logs for reading. Numbers and times are text, with every digit.",
        },
        "paths": {f"/api{view.path}": {"get": _operation(view)} for view in VIEWS},
        "components": {
            "schemas": {
                "Problem": {
                    "type": "object",
                    "required": ["error", "status"],
                    "properties": {"error": {"type": "string"}, "status": {"type": "string"}},
                }
            }
        },
    }


def _operation(view: View) -> dict[str, Any]:
    answers = {
        code: _answer(about, {"$ref": "#/components/schemas/Problem"})
        for code, about in _ERRORS.items()
    }
    answers["200"] = _answer("What is asked for.", {"type": "object"})
    if view.path in ("/findings", "/compare", "/board"):
        answers["202"] = _answer("It is being worked on; ask again.", {"type": "object"})
    if view.path == "/events":
        answers["404"] = _answer(_ERRORS["404"], {"type": "object"})
    return {
        "operationId": view.path.strip("/"),
        "summary": view.about,
        "parameters": [_parameter(param) for param in (*view.params, ZONE)],
        "responses": answers,
    }


def _answer(about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _parameter(param: Param) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": 2000}
    if param.is_whole:
        schema = {"type": "integer", "minimum": 0}
    if param.choices:
        schema = {"type": "string", "enum": list(param.choices)}
    return {
        "name": param.name,
        "in": "query",
        "description": param.about,
        "required": param.is_required,
        "schema": schema,
    }
