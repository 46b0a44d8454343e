"""The conversation as messages and tools of OpenAI's chat completions.

The prompt only grows at its end, so a server that caches prefixes reads little of it anew.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from realtime.protocol.config import Config, NamedTool, Tool
from realtime.talk.conversation import Call, CallOutput, Entry, Message

Json = dict[str, Any]
OPENING = "(The learner has just come in. Greet them and begin.)"
UNHEARD = "(The learner said something that could not be understood.)"


def messages(instructions: str, entries: Iterable[Entry]) -> tuple[Json, ...]:
    """The system's word first; calls made in one go share a message, as chat servers demand."""
    entries = tuple(entries)
    said: list[Json] = [{"role": "system", "content": instructions}] if instructions else []
    if _tutor_begins(entries):
        # Chat servers refuse a prompt in which the learner never said anything.
        said.append({"role": "user", "content": OPENING})
    for entry in entries:
        match entry:
            case Message(role="assistant"):
                if entry.text:
                    said.append({"role": "assistant", "content": entry.text})
            case Message(role=role):
                said.append({"role": role, "content": entry.text or UNHEARD})
            case Call():
                _add_call(said, entry)
            case CallOutput(call_id=call_id, output=output):
                said.append({"role": "tool", "tool_call_id": call_id, "content": output})
    return tuple(said)


def _tutor_begins(entries: Sequence[Entry]) -> bool:
    others = (entry for entry in entries if not (isinstance(entry, Message) and entry.role == "system"))
    first = next(others, None)
    return (
        first is None or isinstance(first, Call) or (isinstance(first, Message) and first.role == "assistant")
    )


def _add_call(said: list[Json], call: Call) -> None:
    function = {"name": call.name, "arguments": _arguments(call.arguments)}
    made = {"id": call.call_id, "type": "function", "function": function}
    if said and said[-1].get("tool_calls"):
        said[-1] = {**said[-1], "tool_calls": [*said[-1]["tool_calls"], made]}
    else:
        said.append({"role": "assistant", "content": None, "tool_calls": [made]})


def _arguments(text: str) -> str:
    """Chat templates parse the arguments of earlier calls: those that were cut off are left out."""
    try:
        json.loads(text)
    except ValueError:
        return "{}"
    return text


def tools(config: Config) -> tuple[Json, ...]:
    return tuple(_tool(tool) for tool in config.tools)


def _tool(tool: Tool) -> Json:
    return {"type": "function", "function": tool.model_dump(exclude={"type"}, exclude_none=True)}


def tool_choice(config: Config) -> str | Json:
    choice = config.tool_choice
    return (
        {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice
    )


def token_limit(config: Config) -> int | None:
    return None if config.max_output_tokens == "inf" else config.max_output_tokens
