"""Runs a module as Python would, and leaves the names of all it imported in ``modules.json`` of HOME."""

import atexit
import json
import os
import runpy
import sys
from pathlib import Path


def leave_names(path: Path) -> None:
    path.write_text(json.dumps(sorted(sys.modules)), "utf-8")


def main() -> None:
    _, module, *arguments = sys.argv
    # As with -m: modules are found from where it was started, not beside this file.
    sys.path[0] = str(Path.cwd())
    sys.argv = [module, *arguments]
    atexit.register(leave_names, Path(os.environ["HOME"], "modules.json"))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
