"""The log: what looks like a secret is masked on its way out, whoever wrote it."""

import io
import logging
import sys

from clawver_orders.log import Patient


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
