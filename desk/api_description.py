"""The API's description (OpenAPI 3.1): beside what the routes say, how one shows who one is, and what problems look like."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from desk.problems import Problem

_SCHEMES = {
    "token": {
        "type": "http", "scheme": "bearer",
        "description": "A program's token, from `season token make`. Its scopes say what it may do.",
    },
    "session": {
        "type": "apiKey", "in": "cookie", "name": "season_session", "description": "A browser that is signed in.",
    },
}  # fmt: skip


def describe(app: FastAPI) -> None:
    """Complete the description that an app gives of itself."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = plain()
            parts = found.setdefault("components", {})
            parts["securitySchemes"] = _SCHEMES
            parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema(
                ref_template="#/components/schemas/{model}"
            )
            for path, methods in found["paths"].items():
                if path.startswith("/api/"):
                    for method in methods.values():
                        method["security"] = [{"token": []}, {"session": []}]
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that the framework's manual shows
