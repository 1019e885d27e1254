"""The log: what looks like a secret is masked on its way out, whoever wrote it."""

import io
import json
import logging
import sys

from clawver_orders.log import Json, Patient


def logged(message: str, *, error: BaseException | None = None) -> str:
    stream = io.StringIO()
    handler = Patient(stream)
    record = logging.LogRecord("a.library", logging.ERROR, "", 0, message, (), None)
    if error is not None:
        try:
            raise error
        except BaseException:  # noqa: BLE001 - whatever it is, its traceback is what is looked at
            record.exc_info = sys.exc_info()
    handler.emit(record)
    return stream.getvalue()


def test_a_librarys_line_with_a_key_or_a_token_in_it_goes_out_masked() -> None:
    line = logged("GET https://shop.example/x?token=dlt_example_1 Authorization: Bearer claw_sk_test_example")
    assert line.startswith("GET https://shop.example/x?")
    assert line.endswith("\n")
    assert "dlt_example_1" not in line
    assert "claw_sk_test_example" not in line


def test_a_traceback_keeps_all_its_lines_and_loses_its_secrets() -> None:
    text = logged("it broke", error=ValueError("api_key=claw_sk_test_example"))
    assert "Traceback (most recent call last):" in text
    assert text.splitlines()[-1].startswith("ValueError: ")
    assert "claw_sk_test_example" not in text


def test_a_json_line_is_one_object_masked_and_with_its_facts() -> None:
    stream = io.StringIO()
    handler = Patient(stream)
    handler.setFormatter(Json())
    message = 'Authorization: Bearer claw_desk_example "quoted"\nsecond line'
    try:
        raise ValueError("token=claw_sk_test_example")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("a.library", logging.WARNING, "", 0, message, (), error)
    record.facts = {"status": 401, "principal": "bot"}
    handler.emit(record)
    handler.emit(logging.LogRecord("a.library", logging.INFO, "", 0, "所有 %s", ("words",), None))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["level"], first["logger"], first["status"], first["principal"]) == (
        *("WARNING", "a.library", 401),
        "bot",
    )
    assert first["message"] == "Authorization: ***\nsecond line"
    assert first["traceback"][-1] == "ValueError: token=***"
    assert "claw_" not in stream.getvalue().replace("claw_***", "")
    assert second["message"] == "所有 words"
    assert second["at"].endswith("+00:00")
