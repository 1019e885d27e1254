"""Write the pinned tool definitions anew."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.server.definitions import FOLDER, of_one_clawver_store

if __name__ == "__main__":
    for old in FOLDER.glob("*.json"):
        old.unlink()
    with TemporaryDirectory() as directory:
        for name, definition in of_one_clawver_store(Path(directory)).items():
            text = json.dumps(definition, indent=2, ensure_ascii=False)
            (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
