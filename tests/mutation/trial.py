"""Tries mistakes: each in a process of its own, forked from a pytest session that has everything collected.

A mistake inside a function is made by giving the function the code with the mistake. One that shows when its module
is imported needs that again, with all that imports it.
"""

import ast
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FunctionType, ModuleType

import coverage
import hypothesis
import pytest

from tests.mutation.mistakes import Mistake

# What one test may compute. The longest takes about one second.
_CPU_S = 10.0
# A second session finds imported what it would have rewritten.
_IMPORTED = "ignore::pytest.PytestAssertRewriteWarning"
_QUIET = (
    *("-s", "-o", "addopts=", "-W", _IMPORTED, "--hypothesis-profile=mutation"),
    *("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:cov"),
)


@dataclass(frozen=True)
class Outcome:
    """What became of a mistake.

    Attributes:
        mistake: The mistake.
        seen: Whether a test failed, or did not end in time.
        late: Whether it was that.
        tests: How many tests run its line.
    """

    mistake: Mistake
    seen: bool
    late: bool
    tests: int


class _Limited:
    """Ends a process whose test computes for too long: a mistake can make a loop endless."""

    def pytest_runtest_setup(self) -> None:
        """Pytest's hook: before each test."""
        signal.setitimer(signal.ITIMER_PROF, _CPU_S)


class Trials(_Limited):
    """A pytest plugin: in the place of running the tests once, runs them for each mistake.

    Args:
        package: The directory of the package.
        work: The mistakes by the tests that may see them: files, or folders, below the repository.
        tell: Called with each outcome.
        processes: How many at a time.
        limit_s: How long the tests of one mistake may take, on a busy machine, too.
    """

    def __init__(
        self,
        package: Path,
        work: Mapping[Mistake, Sequence[str]],
        tell: Callable[[Outcome], None],
        *,
        processes: int,
        limit_s: float,
    ) -> None:
        self._package = package
        self._work = work
        self._tell = tell
        self._processes = processes
        self._limit_s = limit_s

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Pytest's hook: what to do with what was collected."""
        gc.collect()
        gc.freeze()
        with TemporaryDirectory() as scratch:
            runs = _runs_of_lines(session, self._package, Path(scratch))
            waiting = iter(self._work.items())
            running: dict[int, tuple[Mistake, int, float]] = {}
            while True:
                while len(running) < self._processes and (following := next(waiting, None)):
                    mistake, places = following
                    tests = runs.of(mistake, places)
                    if not tests:
                        self._tell(Outcome(mistake, seen=False, late=False, tests=0))
                        continue
                    pid = _forked(Path(scratch), partial(self._child, session, mistake, tests))
                    running[pid] = (mistake, len(tests), time.monotonic())
                if not running:
                    return True
                for pid, (mistake, count, since) in list(running.items()):
                    ended, status = os.waitpid(pid, os.WNOHANG)
                    if not ended and time.monotonic() - since > self._limit_s:
                        os.killpg(pid, signal.SIGKILL)
                        ended, status = os.waitpid(pid, 0)
                    if ended:
                        del running[pid]
                        late = os.WIFSIGNALED(status)
                        self._tell(Outcome(mistake, seen=status != 0, late=late, tests=count))
                time.sleep(0.005)

    def _child(self, session: pytest.Session, mistake: Mistake, tests: list[str]) -> bool:
        mistake.make()
        path = self._package / mistake.module
        name = ".".join((self._package.name, *Path(mistake.module).with_suffix("").parts)).removesuffix(".__init__")
        code = compile(ast.fix_missing_locations(mistake.tree), str(path), "exec")
        if mistake.at_import:
            sys.meta_path.insert(0, _Finder(name, path, code))
            return _passes_anew(tests)
        _give_code(sys.modules[name], mistake.where, code)
        return _passes(session, tests)


class _Only(_Limited):
    """Selects tests, in an order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order), key=lambda item: self._order[item.nodeid]
        )


@dataclass(frozen=True)
class _Runs:
    """Which test runs which line, and how long it takes."""

    seconds: Mapping[str, float]
    lines: Mapping[str, Mapping[str, list[str]]]

    def of(self, mistake: Mistake, places: Sequence[str]) -> list[str]:
        """The tests that can see a mistake, the shortest first."""
        lines = self.lines.get(mistake.module, {})
        running = {test for line in mistake.lines for test in lines.get(str(line), ())}
        chosen: Iterable[str] = self.seconds if mistake.at_import else running
        return sorted((test for test in chosen if test.startswith(tuple(places))), key=self.seconds.__getitem__)


def collected(tests: Sequence[str], trials: Trials) -> int:
    """Run the trials over these tests; pytest's exit code."""
    hypothesis.settings.register_profile(
        "mutation", max_examples=30, derandomize=True, database=None, deadline=None
    )
    return int(pytest.main([*_QUIET, "-k", "not a_hundred and not three_hundred", *tests], plugins=[trials]))


def _runs_of_lines(session: pytest.Session, package: Path, scratch: Path) -> _Runs:
    """Run all tests on the code as it is, once in each of the two ways.

    Raises:
        AssertionError: A test fails.
    """
    kept = scratch / "runs.json"

    def measure() -> bool:
        measured = coverage.Coverage(data_file=None, config_file=False, include=[f"{package}/*"])
        seconds: dict[str, float] = {}
        measured.start()
        for item in session.items:
            measured.switch_context(item.nodeid)
            since = time.process_time()
            _run(session, item)
            seconds[item.nodeid] = time.process_time() - since
        measured.stop()
        data = measured.get_data()
        lines = {
            str(Path(path).relative_to(package)): data.contexts_by_lineno(path) for path in data.measured_files()
        }
        kept.write_text(json.dumps({"seconds": seconds, "lines": lines}))
        return not session.testsfailed and _passes_anew(list(seconds))

    _, status = os.waitpid(_forked(scratch, measure), 0)
    assert status == 0, "the tests fail without any mistake"
    return _Runs(**json.loads(kept.read_text()))


def _passes(session: pytest.Session, tests: Sequence[str]) -> bool:
    items = {item.nodeid: item for item in session.items}
    for test in tests:
        _run(session, items[test])
        if session.testsfailed:
            return False
    return True


def _passes_anew(tests: Sequence[str]) -> bool:
    """Whether tests pass that import all of our code again."""
    for name in list(sys.modules):
        if name.partition(".")[0] in {"clawver_orders", "tests"} and not name.startswith("tests.mutation"):
            del sys.modules[name]
    files = sorted({test.partition("::")[0] for test in tests})
    return pytest.main([*_QUIET, "-x", *files], plugins=[_Only(tests)]) == 0


def _run(session: pytest.Session, item: pytest.Item) -> None:
    # Without a next one, all fixtures end with the test.
    session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def _forked(scratch: Path, work: Callable[[], bool]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        place = scratch / str(os.getpid())
        place.mkdir()
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(place)
        status = 0 if work() else 1
    finally:
        # A child never comes back into the parent's session, whatever it raised.
        os._exit(status)


def _give_code(module: ModuleType, where: str, code: CodeType) -> None:
    """Give a function, or the one that it stands in, its code from a module's code."""
    holder: object = module
    qualified = ""
    for part in where.split("."):
        qualified = f"{qualified}.{part}" if qualified else part
        holder = vars(holder)[part]
        if isinstance(holder, property):
            holder = holder.fget
        holder = getattr(holder, "__wrapped__", holder)
        if isinstance(holder, FunctionType):
            holder.__code__ = next(one for one in _codes(code) if one.co_qualname == qualified)
            return
    raise LookupError(where)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        super().__init__(name, str(path))
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the module with the mistake in the place of the right one."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self._name = name
        self._path = path
        self._code = code

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(fullname, self._path, self._code)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)
