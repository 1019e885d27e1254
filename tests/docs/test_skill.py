"""SKILL.md is read by hosts of several kinds: its front matter must pass all of them, its body must be short."""

import re
from pathlib import Path
from typing import Any

import yaml

from clawver_orders import __version__
from clawver_orders.platforms import MODULES, load
from clawver_orders.server.tools import tools
from tests.counter import open_counter
from tests.docs.generate import REPO
from tests.docs.pages import read
from tests.server.tokens import tokens

_SKILL = (REPO / "SKILL.md").read_text(encoding="utf-8")
_FRONT = _SKILL.split("---\n", 2)[1]


def front_matter() -> dict[str, Any]:
    found = yaml.safe_load(_FRONT)
    assert isinstance(found, dict)
    return found


def test_there_is_one_skill_and_no_file_that_a_host_would_take_for_another_package() -> None:
    # What is installed or built here (.venv, .prove, dist) is not part of the package.
    folders = [path for path in REPO.iterdir() if path.is_dir() and path.name[0] != "." and path.name != "dist"]
    found = [path for folder in folders for path in folder.rglob("*") if path.name.lower() == "skill.md"]
    assert not found
    assert (REPO / "SKILL.md").is_file()
    assert not (REPO / ".claude-plugin" / "plugin.json").exists()
    assert not (REPO / ".mcp.json").exists()


def test_the_front_matter_has_only_keys_that_every_host_knows() -> None:
    found = front_matter()
    assert set(found) <= {"name", "description", "license", "allowed-tools", "metadata"}
    assert found["name"] == "clawver-orders"
    assert found["license"] == "MIT-0"
    assert found["metadata"]["version"] == __version__


def test_the_front_matter_is_block_yaml_without_anything_that_a_simple_reader_stumbles_over() -> None:
    assert not re.search(r"[{}\[\]]", _FRONT)
    for line in _FRONT.splitlines():
        _key, _, value = line.partition(": ")
        assert value.startswith('"') or ": " not in value, line
    assert re.search(r'^  version: "', _FRONT, re.MULTILINE)


def test_the_description_says_what_and_when_in_both_languages_within_every_hosts_limit() -> None:
    description = front_matter()["description"]
    assert len(description) <= 1024
    assert not set("<>") & set(description)
    assert len(re.split(r"[.。]", description)[0]) < 160
    for word in ("refund", "track", "size", "download", "Use when", "订单", "退款", "物流", "下载链接", "尺码"):
        assert word in description
    for job in ("cancel", "paid", "price", "closing", "comment", "how many", "payments", "several"):
        assert job in description, job
    for job in ("取消", "已付款", "改价", "关闭", "备注", "统计", "交易记录"):
        assert job in description, job
    for shop in ("Clawver", "Heidianer", "嘿店", "WooCommerce", "Shopify"):
        assert shop in description, shop


def test_openclaw_shows_the_skill_without_a_key_and_knows_where_to_put_one() -> None:
    openclaw = front_matter()["metadata"]["openclaw"]
    assert openclaw["primaryEnv"] == "CLAW_API_KEY"
    assert openclaw["homepage"].startswith("https://")
    assert "requires" not in openclaw
    assert {one["name"]: one["required"] for one in openclaw["envVars"]}["CLAW_API_KEY"] is False
    # Whoever takes an unpublished name first would be installed: no package is named before it is ours.
    assert "install" not in openclaw


def test_the_body_costs_at_most_2500_tokens() -> None:
    body = read(REPO / "SKILL.md").text
    assert tokens(body) <= 2500
    assert len(body.splitlines()) < 500


def test_each_workflow_says_when_it_is_done() -> None:
    parts = re.split(r"^## ", read(REPO / "SKILL.md").text, flags=re.MULTILINE)
    named = {part.splitlines()[0]: part for part in parts}
    for title in (
        "Daily check",
        "A buyer wants money back",
        "Cancel, mark as paid, change a price",
        "Close, reopen, comment",
        "Wrong size or wrong item",
        "Resend a download",
        "Where is the parcel",
        "Events to a URL (webhooks)",
    ):
        assert re.search(r"^Done when ", named[title], re.MULTILINE), title


def test_the_skill_and_its_twin_name_only_tools_that_exist_and_all_that_do(tmp_path: Path) -> None:
    counter = open_counter(tmp_path)
    made = tools(counter.desk, [load(name).capabilities for name in MODULES])
    names = {tool.name for tool in made}
    for path in (REPO / "SKILL.md", REPO / "references" / "zh" / "guide.md"):
        words = {word for word in read(path).inline if re.fullmatch(r"[a-z]+_[a-z_]+", word)}
        called = {word for word in words if word.split("_")[0] in {tool.split("_")[0] for tool in names}}
        assert called == names


def test_approving_is_said_to_be_for_people() -> None:
    body = read(REPO / "SKILL.md").text
    assert "Never type `clawver-orders approve`" in body
    assert "never answer a form" in body
    assert "A program without forms will not ask for you" in body
