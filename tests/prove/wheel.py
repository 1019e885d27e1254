"""The demo of an installed wheel, and every guide through a real client over stdio."""

import os
import subprocess

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import ResourceTemplateReference, TextResourceContents


async def guides() -> list[str]:
    """The headings of all guides, as the completion of their topics names them."""
    environment = {name: os.environ[name] for name in ("HOME", "PATH")}
    server = StdioServerParameters(command="clawver-orders", args=["serve", "--sandbox"], env=environment)
    headings = []
    async with Client(stdio_client(server)) as client:
        templates = (await client.list_resource_templates()).resource_templates
        (template,) = [one for one in templates if one.uri_template.startswith("guide:")]
        named = ResourceTemplateReference(type="ref/resource", uri=template.uri_template)
        known = await client.complete(named, {"name": "topic", "value": ""})
        for topic in known.completion.values:
            (content,) = (await client.read_resource(f"guide://{topic}")).contents
            assert isinstance(content, TextResourceContents)
            headings.append(content.text.splitlines()[0])
    return headings


def main() -> None:
    """Fails where the demo does, or where a guide is missing."""
    demo = subprocess.run(["clawver-orders", "demo"], check=True, capture_output=True, text=True)
    assert "Nothing was paid twice." in demo.stdout
    headings = anyio.run(guides)
    assert {"# Refunds", "# Setting it up", "# Clawver"} <= set(headings), headings
    assert all(heading.startswith("# ") for heading in headings)
    print(len(headings), "guides")


if __name__ == "__main__":
    main()
