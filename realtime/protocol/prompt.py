"""The conversation as messages and tools of OpenAI's chat completions.

The prompt only grows at its end, so a server that caches prefixes reads little of it anew.
"""

import json
from collections.abc import Iterable
from typing import Any

from realtime.protocol.config import Config, NamedTool, Tool
from realtime.talk.conversation import Call, CallOutput, Entry, Message

Json = dict[str, Any]
# Chat servers refuse a prompt in which the learner never said anything.
OPENING = "(The learner has just come in. Greet them and begin.)"
UNHEARD = "(The learner said something that could not be understood.)"


def messages(instructions: str, entries: Iterable[Entry], summary: str = "") -> tuple[Json, ...]:
    """The system's word first; calls made in one go share a message, as chat servers demand.

    `summary`: of what was said before the first entry.
    """
    earlier = f"Earlier in this talk: {summary}" if summary else ""
    system = "\n\n".join(part for part in (instructions, earlier) if part)
    said: list[Json] = [{"role": "system", "content": system}] if system else []
    learner_spoke = False
    for entry in entries:
        if not learner_spoke and not _is_system(entry):
            learner_spoke = True
            if not _is_learner(entry):
                said.append({"role": "user", "content": OPENING})
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
    if not learner_spoke:
        said.append({"role": "user", "content": OPENING})
    return tuple(said)


def _is_system(entry: Entry) -> bool:
    return isinstance(entry, Message) and entry.role == "system"


def _is_learner(entry: Entry) -> bool:
    return isinstance(entry, Message) and entry.role == "user"


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


SUMMARISE = (
    "(A pause. In at most sixty words, note for yourself what was said so far and matters later: names and "
    "facts about the learner, mistakes that were corrected, the subject. Write the notes only.)"
)


def summarising(instructions: str, entries: Iterable[Entry], summary: str) -> tuple[Json, ...]:
    """Asks for a summary of the talk so far. It begins as the talk's prompts did, which the server knows."""
    return (*messages(instructions, entries, summary), {"role": "user", "content": SUMMARISE})


def token_limit(config: Config) -> int | None:
    return None if config.max_output_tokens == "inf" else config.max_output_tokens
