"""Tools that enforce what their published schema says, and tell our errors in our words.

The SDK alone drops unknown arguments, turns ``true`` into 1 and ``"5"`` into 5, reads JSON inside strings, and
answers a wrong argument with pydantic's text and the value in it.
"""

import inspect
import json
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.resolve import build_resolver_plans, find_resolved_parameters
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model

from clawver_orders.errors import DeskError, InvalidArgument

ERROR_META = "clawver-orders/error"
_NAME_CAP = 40


class _Arguments(ArgModelBase):
    model_config = ConfigDict(extra="forbid", strict=True)


class _StrictMetadata(FuncMetadata):
    hidden: dict[str, Any] = Field(default_factory=dict)
    results: TypeAdapter[Any]

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        return data

    def validate_arguments(self, arguments_to_validate: dict[str, Any]) -> dict[str, Any]:
        return {**self.hidden, **super().validate_arguments(arguments_to_validate)}

    def convert_result(self, result: Any) -> Any:
        if isinstance(result, CallToolResult):
            self.results.validate_python(result.structured_content)
        return result


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
        allowed = _allowed(properties[name])
        happened = f"{name} is missing" if first["type"] == "missing" else f"{name} is not {allowed}"
        return InvalidArgument(happened, f"Give {name} as {allowed}", field=name)


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
    results: TypeAdapter[Any],
    hidden: Iterable[str] = (),
    required: Iterable[str] = (),
    words: Mapping[str, Iterable[str]] | None = None,
    described: Mapping[str, str] | None = None,
) -> Tool:
    """A tool of a function; what the SDK's own ``from_function`` would make of it, but strict.

    Args:
        function: Async; its docstring is the description, what it returns is a CallToolResult.
        annotations: All four hints.
        results: The closed shape of its structured results.
        hidden: Parameters that are not listed; the function gets their defaults.
        required: Parameters that must be given although the function has a default.
        words: The only values of a text parameter, or of the elements of a list.
        described: Descriptions that take the place of a parameter's own.
    """
    hidden, required, words, described = set(hidden), set(required), words or {}, described or {}
    resolved = find_resolved_parameters(function)
    parameters = inspect.signature(function).parameters
    listed: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name in resolved or name in hidden:
            continue
        kind = _one_of(parameter.annotation, words[name]) if name in words else parameter.annotation
        if name in described:
            kind = Annotated[kind, Field(description=described[name])]
        needed = name in required or parameter.default is parameter.empty
        listed[name] = kind if needed else (kind, parameter.default)
    model = create_model(f"{function.__name__}Arguments", __base__=_Arguments, **listed)
    return StrictTool(
        fn=function,
        name=function.__name__,
        title=None,
        description=" ".join((function.__doc__ or "").split()),
        parameters=_plain(model.model_json_schema()),
        fn_metadata=_StrictMetadata(
            arg_model=model,
            output_schema=_plain(results.json_schema(), drop={"description"}),
            results=results,
            hidden={name: parameters[name].default for name in hidden & parameters.keys()},
        ),
        is_async=True,
        context_kwarg=None,
        resolved_params=dict(resolved),
        resolver_plans=build_resolver_plans(resolved, set(parameters)),
        annotations=annotations,
    )


def _one_of(annotation: Any, words: Iterable[str]) -> Any:
    """A parameter's type narrowed to words that are known at run time only, so that no signature can say them."""
    kind, *about = get_args(annotation)
    word: Any = Literal[tuple(words)]
    return Annotated[(types.GenericAlias(list, word) if kind == list[str] else word, *about)]


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
