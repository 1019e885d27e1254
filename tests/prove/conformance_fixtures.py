"""The tools, resources and prompts that the MCP conformance scenarios call, mounted on a server for one proof.

What each must answer is written in the scenarios of `@modelcontextprotocol/conformance`; the names, texts and keys
below are theirs. Nothing here belongs to the product.
"""

import base64
import json
from typing import Annotated

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer, Message, Resolve, Sample, UserMessage
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.message import ServerMessageMetadata
from mcp_types import (
    AudioContent,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    ContentBlock,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestedSchema,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequest,
    InputRequests,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
STEP = 0.05  # seconds between two notices: the scenarios ask for about 50 ms


def mount(server: MCPServer[object]) -> None:
    """Add every fixture to the server, beside what it already has."""
    _mount_content(server)
    _mount_notices(server)
    _mount_questions_of_2025(server)
    _mount_questions_of_2026(server)
    _mount_resources(server)
    _mount_prompts(server)
    _mount_handlers(server)


def _text(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)])


def _embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    resource = TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return EmbeddedResource(type="resource", resource=resource)


def _mount_content(server: MCPServer[object]) -> None:
    image = ImageContent(type="image", data=PIXEL, mime_type="image/png")

    @server.tool(structured_output=False)
    async def test_simple_text() -> str:
        """Answer with one text."""
        return "This is a simple text response for testing."

    @server.tool(structured_output=False)
    async def test_image_content() -> list[ContentBlock]:
        """Answer with an image."""
        return [image]

    @server.tool(structured_output=False)
    async def test_audio_content() -> list[ContentBlock]:
        """Answer with a sound."""
        return [AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")]

    @server.tool(structured_output=False)
    async def test_embedded_resource() -> list[ContentBlock]:
        """Answer with a resource."""
        return [_embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]

    @server.tool(structured_output=False)
    async def test_multiple_content_types() -> list[ContentBlock]:
        """Answer with a text, an image and a resource."""
        data = json.dumps({"test": "data", "value": 123})
        return [
            TextContent(type="text", text="Multiple content types test:"),
            image,
            _embedded("test://mixed-content-resource", "application/json", data),
        ]

    @server.tool(structured_output=False)
    async def test_error_handling() -> str:
        """Always fail."""
        raise ToolError("This tool intentionally returns an error for testing")


def _mount_notices(server: MCPServer[object]) -> None:
    @server.tool(structured_output=False)
    async def test_tool_with_logging(ctx: Context) -> str:
        """Send three log messages."""
        await ctx.info("Tool execution started")
        await anyio.sleep(STEP)
        await ctx.info("Tool processing data")
        await anyio.sleep(STEP)
        await ctx.info("Tool execution completed")
        return "Tool with logging executed successfully"

    @server.tool(structured_output=False)
    async def test_logging_tool(ctx: Context) -> str:
        """Log at a level nobody asked for."""
        await ctx.info("A message that only a request with a log level may see")
        return "Logged"

    @server.tool(structured_output=False)
    async def test_tool_with_progress(ctx: Context) -> str:
        """Report progress three times."""
        for done in (0, 50, 100):
            await ctx.report_progress(done, total=100, message=f"Completed step {done} of 100")
            await anyio.sleep(STEP)
        return "Tool with progress executed successfully"

    @server.tool(structured_output=False)
    async def test_trigger_tool_change(ctx: Context) -> str:
        """Say that the list of tools changed."""
        await ctx.notify_tools_changed()
        return "Said so"

    @server.tool(structured_output=False)
    async def test_trigger_prompt_change(ctx: Context) -> str:
        """Say that the list of prompts changed."""
        await ctx.notify_prompts_changed()
        return "Said so"


def _mount_questions_of_2025(server: MCPServer[object]) -> None:
    async def ask(ctx: Context, message: str, properties: dict[str, object], required: list[str]) -> str:
        schema: ElicitRequestedSchema = {"type": "object", "properties": properties, "required": required}
        answer = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
        return f"Elicitation completed: action={answer.action}, content={json.dumps(answer.content or {})}"

    @server.tool(structured_output=False)
    async def test_sampling(prompt: str, ctx: Context) -> str:
        """Ask the client's model."""
        message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
        request = CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=100))
        # Without this the question goes out on the stream for notices, which may not be open yet.
        metadata = ServerMessageMetadata(related_request_id=ctx.request_id)
        answer = await ctx.session.send_request(request, CreateMessageResult, metadata=metadata)
        return f"LLM response: {answer.content.text if isinstance(answer.content, TextContent) else ''}"

    @server.tool(structured_output=False)
    async def test_elicitation(message: str, ctx: Context) -> str:
        """Ask a person for a name and an address."""
        properties: dict[str, object] = {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        }
        return await ask(ctx, message, properties, ["username", "email"])

    @server.tool(structured_output=False)
    async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
        """Ask with a default for every primitive type."""
        properties: dict[str, object] = {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": True},
        }
        return await ask(ctx, "Please check these defaults", properties, [])

    @server.tool(structured_output=False)
    async def test_elicitation_sep1330_enums(ctx: Context) -> str:
        """Ask with the five ways of writing a choice."""
        plain = ["option1", "option2", "option3"]
        titled = [{"const": f"value{n}", "title": f"Option {n}"} for n in (1, 2, 3)]
        properties: dict[str, object] = {
            "untitledSingle": {"type": "string", "enum": plain},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {"type": "string", "enum": plain, "enumNames": ["One", "Two", "Three"]},
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        }
        return await ask(ctx, "Please choose", properties, [])


def _form(message: str, field: str, kind: str = "string") -> ElicitRequest:
    schema: ElicitRequestedSchema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sampling(text: str, max_tokens: int) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens))


def _answered(ctx: Context, key: str, kind: type[object]) -> bool:
    return isinstance((ctx.input_responses or {}).get(key), kind)


def _mount_questions_of_2026(server: MCPServer[object]) -> None:
    @server.tool(structured_output=False)
    async def test_input_required_result_elicitation(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Ask for a name, then greet."""
        answer = (ctx.input_responses or {}).get("user_name")
        if isinstance(answer, ElicitResult) and answer.content:
            return _text(f"Hello, {answer.content['name']}!")
        return InputRequiredResult(input_requests={"user_name": _form("What is your name?", "name")})

    @server.tool(structured_output=False)
    async def test_streaming_elicitation(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Report progress, then ask: the stream must carry no request of the server's own."""
        await ctx.report_progress(1, total=2)
        return InputRequiredResult(input_requests={"user_name": _form("What is your name?", "name")})

    @server.tool(structured_output=False)
    async def test_input_required_result_sampling(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Ask the client's model for a capital."""
        answer = (ctx.input_responses or {}).get("capital_question")
        if isinstance(answer, CreateMessageResult) and isinstance(answer.content, TextContent):
            return _text(answer.content.text)
        question = _sampling("What is the capital of France?", 100)
        return InputRequiredResult(input_requests={"capital_question": question})

    @server.tool(structured_output=False)
    async def test_input_required_result_list_roots(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Ask for the client's roots."""
        answer = (ctx.input_responses or {}).get("client_roots")
        if isinstance(answer, ListRootsResult):
            return _text(", ".join(str(root.uri) for root in answer.roots))
        return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})

    @server.tool(structured_output=False)
    async def test_input_required_result_request_state(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Give the client a state to bring back."""
        if _answered(ctx, "confirm", ElicitResult) and ctx.request_state == "asked":
            return _text("state-ok")
        form = _form("Please confirm", "ok", "boolean")
        return InputRequiredResult(input_requests={"confirm": form}, request_state="asked")

    @server.tool(structured_output=False)
    async def test_input_required_result_tampered_state(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Give the client a state that it will bring back changed; the server's seal must refuse that."""
        if _answered(ctx, "confirm", ElicitResult):
            return _text("the state was accepted")
        form = _form("Please confirm", "ok", "boolean")
        return InputRequiredResult(input_requests={"confirm": form}, request_state="sealed")

    @server.tool(structured_output=False)
    async def test_input_required_result_multiple_inputs(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Ask for three kinds of input at once."""
        kinds: dict[str, type[object]] = {
            "user_name": ElicitResult,
            "greeting": CreateMessageResult,
            "client_roots": ListRootsResult,
        }
        if all(_answered(ctx, key, kind) for key, kind in kinds.items()):
            return _text("All three arrived")
        requests: InputRequests = {
            "user_name": _form("What is your name?", "name"),
            "greeting": _sampling("Generate a greeting", 50),
            "client_roots": ListRootsRequest(),
        }
        return InputRequiredResult(input_requests=requests, request_state="asked for three")

    @server.tool(structured_output=False)
    async def test_input_required_result_multi_round(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Ask twice, one question after the other."""
        if ctx.request_state == "second" and _answered(ctx, "step2", ElicitResult):
            return _text("Both rounds answered")
        if ctx.request_state == "first" and _answered(ctx, "step1", ElicitResult):
            form = _form("Step 2: What is your favorite color?", "color")
            return InputRequiredResult(input_requests={"step2": form}, request_state="second")
        form = _form("Step 1: What is your name?", "name")
        return InputRequiredResult(input_requests={"step1": form}, request_state="first")

    @server.tool(structured_output=False)
    async def test_input_required_result_capabilities(ctx: Context) -> CallToolResult | InputRequiredResult:
        """Ask only for what the client said it can answer."""
        can = ctx.client_capabilities
        requests: dict[str, InputRequest] = {}
        if can is not None and can.elicitation is not None:
            requests["user_name"] = _form("What is your name?", "name")
        if can is not None and can.sampling is not None:
            requests["greeting"] = _sampling("Generate a greeting", 50)
        return InputRequiredResult(input_requests=requests)

    async def greeting() -> Sample:
        message = SamplingMessage(role="user", content=TextContent(type="text", text="Generate a greeting"))
        return Sample([message], max_tokens=50)

    @server.tool(structured_output=False)
    async def test_missing_capability(answer: Annotated[CreateMessageResult, Resolve(greeting)]) -> str:
        """Need the client's model, which the client does not offer."""
        return f"ran without the capability: {answer.model}"


def _mount_resources(server: MCPServer[object]) -> None:
    @server.resource("test://static-text", description="A fixed text", mime_type="text/plain")
    async def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", description="A fixed image", mime_type="image/png")
    async def static_binary() -> bytes:
        return base64.b64decode(PIXEL)

    @server.resource("test://watched-resource", description="A text to subscribe to", mime_type="text/plain")
    async def watched() -> str:
        return "Watched resource content"

    @server.resource("test://template/{id}/data", description="A template", mime_type="application/json")
    async def template(id: str) -> str:  # noqa: A002 - the scenario names it so
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _mount_prompts(server: MCPServer[object]) -> None:
    @server.prompt()
    async def test_simple_prompt() -> str:
        """Say one thing."""
        return "This is a simple prompt for testing."

    @server.prompt()
    async def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """Say the two arguments."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    async def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803 - the scenario's name
        """Carry a resource."""
        return [
            UserMessage(_embedded(resourceUri, "text/plain", "Embedded resource content for testing.")),
            UserMessage("Please process the embedded resource above."),
        ]

    @server.prompt()
    async def test_prompt_with_image() -> list[Message]:
        """Carry an image."""
        image = ImageContent(type="image", data=PIXEL, mime_type="image/png")
        return [UserMessage(image), UserMessage("Please analyze the image above.")]

    @server.prompt()
    async def test_input_required_result_prompt(ctx: Context) -> str | InputRequiredResult:
        """Ask for a context before saying anything."""
        answer = (ctx.input_responses or {}).get("user_context")
        if isinstance(answer, ElicitResult) and answer.content:
            return f"Use this context: {answer.content['context']}"
        form = _form("What context should the prompt use?", "context")
        return InputRequiredResult(input_requests={"user_context": form})


def _mount_handlers(server: MCPServer[object]) -> None:
    """Add the three methods of the handshake era and completion where the server itself has none."""
    lowlevel = server._lowlevel_server

    async def set_level(_ctx: ServerRequestContext[object], _params: SetLevelRequestParams) -> EmptyResult:
        return EmptyResult()

    async def subscribe(_ctx: ServerRequestContext[object], _params: SubscribeRequestParams) -> EmptyResult:
        return EmptyResult()

    async def unsubscribe(_ctx: ServerRequestContext[object], _params: UnsubscribeRequestParams) -> EmptyResult:
        return EmptyResult()

    async def complete(_ctx: ServerRequestContext[object], _params: CompleteRequestParams) -> CompleteResult:
        return CompleteResult(completion=Completion(values=[]))

    if lowlevel.get_request_handler("logging/setLevel") is None:
        lowlevel.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)
    if lowlevel.get_request_handler("resources/subscribe") is None:
        lowlevel.add_request_handler("resources/subscribe", SubscribeRequestParams, subscribe)
        lowlevel.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, unsubscribe)
    if lowlevel.get_request_handler("completion/complete") is None:
        lowlevel.add_request_handler("completion/complete", CompleteRequestParams, complete)
