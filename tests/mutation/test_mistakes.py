"""The mistakes that mutation testing makes: each is one change, and comes out as code."""

import ast
from pathlib import Path

from tests.mutation.mistakes import mistakes

CODE = '''
"""Not this text."""
LIMIT: int = 5


def over(amount: int, *, strict: bool = True) -> bool:
    """Nor this one."""
    return amount > LIMIT and strict
'''


def test_every_small_change_is_made_once_and_names_stay_when_lines_move(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(CODE)
    found = mistakes(tmp_path, "code.py")
    assert [mistake.name.removeprefix("code.py ") for mistake in found] == [
        "LIMIT: 5 -> 6",
        "LIMIT: 5 -> 4",
        "over: True -> False",
        "over: return amount > LIMIT and strict -> return None",
        "over: amount > LIMIT and strict -> amount > LIMIT or strict",
        "over: amount > LIMIT and strict -> amount > LIMIT",
        "over: amount > LIMIT and strict -> strict",
        "over: amount > LIMIT -> amount >= LIMIT",
        "over: amount > LIMIT -> amount <= LIMIT",
    ]
    assert [mistake.at_import for mistake in found] == [True] * 3 + [False] * 6
    (tmp_path / "code.py").write_text("\n\n" + CODE)
    assert [mistake.name for mistake in mistakes(tmp_path, "code.py")] == [mistake.name for mistake in found]


def test_a_mistake_is_made_in_the_tree_alone(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(CODE)
    mistake = mistakes(tmp_path, "code.py")[7]
    mistake.make()
    assert ast.unparse(mistake.tree).endswith("return amount >= LIMIT and strict")
    assert (tmp_path / "code.py").read_text() == CODE
