"""The base of everything that crosses the wire."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer
from pydantic_core.core_schema import SerializerFunctionWrapHandler


class KeepNull:
    """Marks a field whose null is said aloud; every other None is left out of the JSON."""


KEEP_NULL = KeepNull()


class Wire(BaseModel):
    """A frozen value with a JSON form.

    Clients disagree about null: some refuse a null where a key may be absent, others read an absent key as
    an error. So None is left out unless the field is annotated with KEEP_NULL.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_serializer(mode="wrap")
    def _leave_out_none(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            key: value
            for key, value in dump(self).items()
            if value is not None or KEEP_NULL in fields[key].metadata
        }
