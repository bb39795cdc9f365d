import json
import logging
import sys

from doorward.worker.logs import JsonLines, TextLines


def record(message: str, *args: object, raised: BaseException | None = None) -> logging.LogRecord:
    trace = (type(raised), raised, raised.__traceback__) if raised is not None else None
    made = logging.LogRecord("doorward.x", logging.ERROR, __file__, 1, message, args, trace)
    made.created = 1_700_000_000.25
    return made


def raised() -> ValueError:
    try:
        raise ValueError("card 4111 of a customer")
    except ValueError as error:
        return error


def test_text_is_one_line_whatever_the_message_holds() -> None:
    line = TextLines("worker-0").format(record("a %s", "b\r\nERROR forged\x1b[31m\x85\u2028"))
    assert line.startswith("2023-11-14T22:13:20.250Z ERROR worker-0 doorward.x: a b")
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_json_is_one_object_a_line() -> None:
    line = JsonLines("supervisor").format(record("a\nb"))
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {
        "timestamp": "2023-11-14T22:13:20.250Z",
        "level": "ERROR",
        "process": "supervisor",
        "logger": "doorward.x",
        "message": "a\nb",
    }


def test_of_an_exception_type_and_place_are_kept_and_its_text_is_not() -> None:
    for form in (TextLines("w"), JsonLines("w")):
        line = form.format(record("broke", raised=raised()))
        assert "4111" not in line
        assert "ValueError at test_logs.py:" in line
        assert "raised" in line
    assert sys.exc_info() == (None, None, None)
