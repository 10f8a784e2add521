"""The API held against its own description by a tool that knows nothing else of it."""

from __future__ import annotations

import warnings
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from event_logger.web.app import Application
from event_logger.web.views import VIEWS


def test_the_api_is_as_it_describes_itself(store: str) -> None:
    with warnings.catch_warnings():
        # Of libraries that are not among our dependencies.
        warnings.simplefilter("ignore")
        import schemathesis
        from schemathesis.checks import not_a_server_error
        from schemathesis.specs.openapi.checks import (
            content_type_conformance,
            response_schema_conformance,
            status_code_conformance,
        )

        application = Application(store, hosts=["testserver"])
        schema: Any = schemathesis.openapi.from_asgi("/api/openapi.json", application.app)
        operations = [found.ok() for found in schema.get_all_operations()]
        checks = [
            not_a_server_error,
            content_type_conformance,
            response_schema_conformance,
            status_code_conformance,
        ]
        for operation in operations:
            for mode in schemathesis.GenerationMode:

                @settings(
                    max_examples=3,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                @given(case=operation.as_strategy(generation_mode=mode))
                def ask(case: Any) -> None:
                    case.call_and_validate(checks=checks)

                ask()
        application.stop()
        application.site.close()
    assert {one.path for one in operations} == {f"/api{view.path}" for view in VIEWS}
