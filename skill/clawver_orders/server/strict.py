"""Tools that enforce what their published schema says, and tell our errors in our words.

The SDK alone drops unknown arguments, turns ``true`` into 1 and ``"5"`` into 5, reads JSON inside strings, and
answers a wrong argument with pydantic's text and the value in it.
"""

import json
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import ConfigDict, Field, ValidationError, create_model

from clawver_orders.errors import DeskError, InvalidArgument

ERROR_META = "clawver-orders/error"
_NAME_CAP = 40


class _Arguments(ArgModelBase):
    model_config = ConfigDict(extra="forbid", strict=True)


class _StrictMetadata(FuncMetadata):
    hidden: dict[str, Any] = Field(default_factory=dict)

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        return data

    def validate_arguments(self, arguments_to_validate: dict[str, Any]) -> dict[str, Any]:
        return {**self.hidden, **super().validate_arguments(arguments_to_validate)}


class StrictTool(Tool):
    """A tool whose failures are answers: text, data under ``_meta``, and no structured content."""

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """Run it; a bug goes on to the SDK, which logs it and answers with the tool's name alone."""
        try:
            return await super().run(arguments, context, convert_result)
        except ToolError as error:
            match error.__cause__:
                case DeskError() as told:
                    return failure(told)
                case ValidationError() as invalid if not isinstance(error, UnexpectedToolError):
                    return failure(self._told(invalid))
                case ToolError() if not isinstance(error, UnexpectedToolError):
                    # The SDK's own: a form came back accepted, but without what it asks for.
                    return failure(unanswered())
                case _:
                    raise

    def _told(self, invalid: ValidationError) -> InvalidArgument:
        properties = self.parameters.get("properties", {})
        first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if name not in properties:
            shown = json.dumps(name[:_NAME_CAP])
            return InvalidArgument(
                f"This tool has no argument {shown}",
                f"Use only {', '.join(properties)}" if properties else "Call it without arguments",
                field=name[:_NAME_CAP],
            )
        happened = (
            f"{name} is missing" if first["type"] == "missing" else f"{name} is not {_allowed(properties[name])}"
        )
        return InvalidArgument(happened, f"Give {name} as {_allowed(properties[name])}", field=name)


def failure(error: DeskError) -> CallToolResult:
    """An error of ours as a tool's answer."""
    data: dict[str, Any] = {"code": error.code}
    if error.retry_after_s is not None:
        data["retry_after_s"] = error.retry_after_s
    if error.field is not None:
        data["field"] = error.field
    return CallToolResult(
        content=[TextContent(type="text", text=str(error))], is_error=True, _meta={ERROR_META: data}
    )


def unanswered() -> InvalidArgument:
    """A form that came back without a usable answer confirms nothing."""
    return InvalidArgument(
        "The form came back without a valid answer, so nothing was confirmed and nothing was sent",
        "Call again to ask once more, or let a person approve it outside this program",
        field="approve",
    )


def strict(
    function: Callable[..., Any],
    annotations: ToolAnnotations,
    *,
    hidden: Iterable[str] = (),
    required: Iterable[str] = (),
    words: Mapping[str, Iterable[str]] | None = None,
    shape: Callable[[Any], Any] = lambda shape: shape,
) -> Tool:
    """A tool of a function.

    Args:
        function: Async; its docstring is the description, its return type ``Annotated[CallToolResult, shape]``.
        annotations: All four hints.
        hidden: Parameters that are not listed; the function gets their defaults.
        required: Parameters that must be given although the function has a default.
        words: The only values of a text parameter, or of the elements of a list.
        shape: What is done to the result's shape before it is published.
    """
    tool = StrictTool.from_function(function, annotations=annotations, description=_description(function))
    made = tool.fn_metadata
    fields = made.arg_model.model_fields
    hidden, required, words = set(hidden), set(required), words or {}
    arguments: dict[str, Any] = {}
    for name, field in fields.items():
        if name in hidden:
            continue
        kind: Any = field.annotation
        if name in words:
            # The words are known at run time only, so the type cannot stand in a signature.
            word: Any = Literal[tuple(words[name])]
            kind = types.GenericAlias(list, word) if kind == list[str] else word
        annotated: Any = Annotated[(kind, *field.metadata, Field(description=field.description))]
        arguments[name] = annotated if name in required or field.is_required() else (annotated, field.default)
    model = create_model(made.arg_model.__name__, __base__=_Arguments, **arguments)
    metadata = _StrictMetadata(
        arg_model=model,
        output_model=shape(made.output_model),
        hidden={name: fields[name].default for name in hidden & fields.keys()},
    )
    metadata.output_schema = _plain(metadata.output_schema or {}, drop={"description"})
    tool.fn_metadata = metadata
    tool.parameters = _plain(model.model_json_schema(by_alias=True))
    return tool


def _description(function: Callable[..., Any]) -> str:
    return " ".join((function.__doc__ or "").split())


def _allowed(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return f"one of {', '.join(schema.get('enum', [schema.get('const')]))}"
    match schema["type"]:
        case "integer":
            return f"a whole number from {schema['minimum']} to {schema['maximum']}"
        case "boolean":
            return "true or false"
        case "array":
            return f"a list of {_allowed(schema['items']).removeprefix('one of ')}"
        case _:
            return "a text"


def _plain(schema: Mapping[str, Any], *, drop: Iterable[str] = ()) -> dict[str, Any]:
    """A schema without titles, empty defaults and definitions, which hosts would put in front of the model."""
    definitions = schema.get("$defs", {})
    dropped = {"title", "$defs", *drop}

    def plain(part: Mapping[str, Any]) -> dict[str, Any]:
        if "$ref" in part:
            return plain(definitions[part["$ref"].rpartition("/")[2]])
        kept: dict[str, Any] = {}
        for key, value in part.items():
            if key in dropped or (key == "default" and value == ""):
                continue
            if key == "properties":
                kept[key] = {name: plain(inner) for name, inner in value.items()}
            elif key in {"items", "additionalProperties"} and isinstance(value, Mapping):
                kept[key] = plain(value)
            else:
                kept[key] = value
        return kept

    return plain(schema)
