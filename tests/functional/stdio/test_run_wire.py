"""The wire of `doorward run`, as a client meets it: a program between us and another program."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.functional.stdio.processes import end
from tests.processes import alive
from tests.waiting import until_here

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

WIRE = str(Path(__file__).parent / "passthrough.py")
# Says its own id, then repeats every line; at the end of input it says so and ends with 5.
ECHO = """
import os, sys
print(os.getpid(), flush=True)
for line in sys.stdin: print(line, end="", flush=True)
print("end")
sys.exit(5)
"""
Popen = subprocess.Popen[bytes]
Start = Callable[..., Popen]


@pytest.fixture
def wire() -> Iterator[Start]:
    """Starts the wire around a Python program; what is left afterwards is killed."""
    started: list[Popen] = []

    def start(program: str, **settings: Any) -> Popen:
        env = {**os.environ, "DOORWARD_SECRET": "x", **settings.pop("env", {})}
        settings = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        process = subprocess.Popen([sys.executable, WIRE, sys.executable, "-c", program], env=env, **settings)
        started.append(process)
        return process

    yield start
    end(started)


def first_line(process: Popen) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_lines_pass_in_order_until_the_end_of_input_and_the_exit_code_is_the_childs(wire: Start) -> None:
    process = wire(ECHO)
    first_line(process)
    lines = b"".join(b"%d\n" % number for number in range(50_000))
    out, err = process.communicate(lines, timeout=60)
    assert out == lines + b"end\n"
    assert process.returncode == 5
    assert err == b"server gone, in order\n"


def test_a_last_line_without_a_newline_is_a_line(wire: Start) -> None:
    process = wire(ECHO)
    first_line(process)
    out, _ = process.communicate(b"a\n\n  \nb", timeout=30)
    assert out == b"a\nb\nend\n"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("", 0),
        ("import sys; sys.exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ],
)
def test_the_exit_code(wire: Start, program: str, code: int) -> None:
    process = wire(program)
    process.wait(30)
    assert process.returncode == code


def test_output_written_just_before_the_end_is_delivered_even_to_a_slow_client(wire: Start) -> None:
    process = wire("import sys\nsys.stdout.write('x' * 99 + '\\n')\nfor i in range(20000): print('y' * 99)")
    assert process.stdout is not None
    assert len(process.stdout.readline()) == 100
    until_here(lambda: _blocked(process))
    assert len(process.stdout.read()) == 20000 * 100
    assert process.wait(30) == 0


def _blocked(process: Popen) -> bool:
    """Whether the pipe to us is full."""
    import array
    import fcntl
    import termios

    assert process.stdout is not None
    waiting = array.array("i", [0])
    fcntl.ioctl(process.stdout.fileno(), termios.FIONREAD, waiting)
    return waiting[0] >= 32 * 1024


def test_a_client_that_does_not_read_stops_the_child(wire: Start, tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    program = (
        f"import os\nn = 0\nwhile True:\n os.write(1, b'z' * 999 + b'\\n'); n += 1\n"
        f" open({str(count)!r}, 'w').write(str(n))"
    )
    process = wire(program)
    assert process.stdout is not None
    process.stdout.readline()
    seen = [-1]

    def steady() -> bool:
        now = int(count.read_text() or 0)
        same, seen[0] = now == seen[0], now
        signal.sigtimedwait([], 0.3)
        return same

    until_here(steady, 30)
    assert seen[0] < 2000  # kilobytes: pipes and our buffers, not what the child could have written


def test_a_child_that_does_not_read_stops_the_client(wire: Start) -> None:
    process = wire("import time; time.sleep(60)")
    assert process.stdin is not None
    os.set_blocking(process.stdin.fileno(), False)
    sent = 0
    quiet = 0
    while quiet < 20:
        try:
            sent += os.write(process.stdin.fileno(), b"a" * 999 + b"\n")
            quiet = 0
        except BlockingIOError:
            quiet += 1
            signal.sigtimedwait([], 0.02)
        assert sent < 4_000_000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_child_and_its_exit_code_comes_back(wire: Start, number: signal.Signals) -> None:
    process = wire(
        "import os, signal, time\n"
        # Not print: a signal that comes while the line below is still being written may not write through it again.
        "for n in (1, 2, 15): signal.signal(n, lambda n, f: (os.write(1, b'got %d\\n' % n), os._exit(40 + n)))\n"
        "print(os.getpid(), flush=True)\n"
        "while True: time.sleep(1)"
    )
    first_line(process)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert out == b"got %d\n" % number
    assert process.returncode == 40 + number


def test_what_a_child_says_while_a_signal_ends_it_is_delivered(wire: Start) -> None:
    process = wire(
        "import os, signal, time\n"
        "signal.signal(2, lambda n, f: (os.write(1, b'last words\\n'), os._exit(3)))\n"
        "print(os.getpid(), flush=True)\n"
        "while True: time.sleep(1)",
        env={"PROMPT_CHILD": "1"},
    )
    first_line(process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert out == b"last words\n"
    assert process.returncode == 3


def test_a_deaf_child_is_killed_after_sigterm(wire: Start) -> None:
    process = wire(
        "import os, signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint(os.getpid(), flush=True)\n"
        "while True: time.sleep(1)"
    )
    pid = first_line(process)
    process.terminate()
    assert process.wait(30) == 137
    assert not alive(pid)


def test_when_we_are_killed_the_child_ends(wire: Start) -> None:
    process = wire("import os, time\nprint(os.getpid(), flush=True)\nwhile True: time.sleep(1)")
    pid = first_line(process)
    process.kill()  # the child does not read, so it is not the end of its input that ends it
    until_here(lambda: not alive(pid))


def test_when_the_client_is_gone_the_child_is_ended(wire: Start) -> None:
    process = wire("import os, time\nprint(os.getpid(), flush=True)\nwhile True: time.sleep(1)")
    pid = first_line(process)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(30) == 143
    assert not alive(pid)


def test_processes_that_the_child_leaves_behind_are_killed(wire: Start) -> None:
    process = wire(
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        "print(p.pid, flush=True)\nsys.exit(3)"
    )
    pid = first_line(process)
    assert process.wait(30) == 3
    assert not alive(pid)


def test_a_long_line_is_left_out_and_told(wire: Start) -> None:
    process = wire(ECHO, env={"LINE_LIMIT": "1000"})
    first_line(process)
    out, err = process.communicate(b"a\n" + b"b" * 5000 + b"\nc\n" + b"d" * 1000 + b"\n", timeout=30)
    assert out == b"a\nc\n" + b"d" * 1000 + b"\nend\n"
    assert b"overlong: client 5000" in err


def test_stderr_is_the_childs_and_variables_of_ours_are_not(wire: Start) -> None:
    process = wire("import os, sys; print('DOORWARD_SECRET' in os.environ, 'PATH' in os.environ, file=sys.stderr)")
    _, err = process.communicate(timeout=30)
    assert b"False True" in err


def test_files_can_be_our_ends(wire: Start, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"1\n2\n")
    with (tmp_path / "in").open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
        process = wire(ECHO, stdin=stdin, stdout=stdout)
        assert process.wait(30) == 5
    assert (tmp_path / "out").read_bytes().split()[1:] == [b"1", b"2", b"end"]


def test_sockets_can_be_our_ends(wire: Start) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = wire(ECHO, stdin=theirs, stdout=theirs)
        theirs.close()
        with ours.makefile("rb") as file:
            int(file.readline())
            ours.sendall(b"hello\n")
            assert file.readline() == b"hello\n"
            ours.shutdown(socket.SHUT_WR)
            assert file.read() == b"end\n"
        assert process.wait(30) == 5


def test_a_slow_reader_at_the_other_end_of_one_socket_loses_nothing(wire: Start) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = wire("for i in range(30000): print('y' * 99)", stdin=theirs, stdout=theirs)
        theirs.close()
        with ours.makefile("rb") as file:
            file.readline()
            signal.sigtimedwait([], 0.3)
            assert len(file.read()) == 29999 * 100
        assert process.wait(30) == 0


def test_dev_null_is_an_end_of_input(wire: Start) -> None:
    process = wire(ECHO, stdin=subprocess.DEVNULL)
    out, _ = process.communicate(timeout=30)
    assert out.endswith(b"\nend\n")


def test_a_shared_stdout_and_stderr_stays_blocking_for_the_child(wire: Start) -> None:
    program = "import os, sys\nfor i in range(3000): os.write(2, b'e' * 99 + b'\\n')\nprint('done')"
    process = wire(program, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    until_here(lambda: _blocked(process))
    out = process.stdout.read()
    assert out.count(b"e" * 99 + b"\n") == 3000
    assert process.wait(30) == 0


def test_a_command_that_is_not_there_raises_before_anything_else() -> None:
    found = subprocess.run([sys.executable, WIRE, "/nowhere/at-all"], capture_output=True, timeout=30, check=False)
    assert b"FileNotFoundError" in found.stderr
