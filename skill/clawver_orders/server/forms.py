"""Asks a person for a yes through the client's own form, in both protocol eras.

Until 2025-11-25 the form is asked inside the call, from 2026-07-28 on between calls. Where the client has no form,
or nobody answers in time, nothing is confirmed and the desk says how a person can.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import (
    AcceptedElicitation,
    Context,
    DeclinedElicitation,
    Elicit,
    ElicitationResult,
    Resolve,
)
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel, ConfigDict, Field

from clawver_orders import text
from clawver_orders.desk.results import Consent
from clawver_orders.server.strict import unanswered

# Hosts give up on a call after about a minute.
_ANSWER_WITHIN_S = 45
_NOTE_CAP = 200


class ApprovalForm(BaseModel):
    """What a person fills in."""

    model_config = ConfigDict(strict=True)

    approve: bool = Field(description="Yes, do exactly this, now.")
    note: str = Field(default="", description="For the record, if you like.")


Outcome = ElicitationResult[ApprovalForm]


async def ask(context: Context[Any, Any], question: str | None) -> Any:
    """Put a question to the person before the client, where there is one to put and a form to put it in.

    Returns:
        None where nobody was asked or nobody answered in time; the form for the SDK to send; or its outcome.

    Raises:
        InvalidArgument: The form came back accepted, but without what it asks for.
    """
    if question is None or not _has_forms(context):
        return None
    if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
        return Elicit(question, ApprovalForm)
    with anyio.move_on_after(_ANSWER_WITHIN_S):
        try:
            return await context.elicit(question, ApprovalForm)
        except ValueError:
            raise unanswered() from None
        except MCPError:
            # The client has no way to show it after all.
            return None
    return None


def consented(asked: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Consent | None]]:
    """What a tool resolves to know a person's answer.

    Args:
        asked: Puts the question, as ask does, of the tool's own arguments.
    """

    async def answer(outcome: Annotated[Outcome, Resolve(asked)]) -> Consent | None:
        return consent(outcome)

    return answer


def consent(outcome: Any) -> Consent | None:
    """What a form's outcome means for the desk; None where a person said neither yes nor no."""
    if isinstance(outcome, AcceptedElicitation) and not isinstance(outcome.data, ApprovalForm):
        # The SDK wraps what an asking function returns without asking.
        outcome = outcome.data
    match outcome:
        case None:
            return None
        case AcceptedElicitation(data=ApprovalForm() as form):
            note = text.clean(form.note, _NOTE_CAP)
            return Consent(form.approve, f"form, note: {note}" if note else "form", asked=True)
        case DeclinedElicitation():
            return Consent(False, "form: declined", asked=True)
        case _:
            return Consent(False, "form: closed", asked=True)


def _has_forms(context: Context[Any, Any]) -> bool:
    capabilities = context.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
