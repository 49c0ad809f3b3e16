"""What the scripts have in common: fresh names, and calls that must be refused."""

import time
import uuid

from mlflow.exceptions import MlflowException

# A logic error that is answered like a broken server is tried again for minutes by the client.
SLOW_SECONDS = 3


def fresh(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


def refused(code, call, *words, **more):
    """Runs a call that must be refused: with this error code, at once, and with these words. Returns the message."""
    began = time.monotonic()
    try:
        answer = call(**more)
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code}, not {code}: {error}"
        assert time.monotonic() - began < SLOW_SECONDS, f"{error.error_code} came after retries: {error}"
        for word in words:
            assert word.lower() in str(error).lower(), f'"{word}" is not in: {error}'
        return str(error)
    raise AssertionError(f"not refused with {code}, but answered {answer!r}")


def same(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"
