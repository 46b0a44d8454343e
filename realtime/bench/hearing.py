"""What a client does with what the server says: plays it, stops it, and notes it in the diary. Pure.

GA: speech that begins takes back what is playing, as the protocol's clients do. tutor.v1: only what the
server itself cuts is taken back, and `tutor.duck` is noted.
"""

import base64
import binascii
from typing import Any

import numpy as np

from realtime.bench.diary import Diary, Reply
from realtime.bench.player import Player

Event = dict[str, Any]
LOST_S = 3.0  # silent for so long, the server will not come back to what it had begun


class Hearing:
    def __init__(self, diary: Diary, *, tutor: bool) -> None:
        self.diary = diary
        self.tutor = tutor
        self.player = Player(diary.replies)
        self._clip = ("", "", "")  # response, item, clip of the binary frames
        self._speech = False  # the server hears the learner speak
        self._owed = False  # a turn was ended, no response has begun
        self._open = set[str]()  # responses
        self._news_s = 0.0
        self._told: Reply | None = None  # whose playhead was reported, and not yet that it has ended

    def is_calm(self, now_s: float) -> bool:
        """Nothing sounds, and nothing is to come."""
        if self.player.sounding(now_s):
            return False
        busy = self._speech or self._owed or bool(self._open)
        return not busy or now_s - self._news_s > LOST_S

    def take_sound(self, pcm: bytes, now_s: float) -> None:
        """A binary frame of tutor.v1."""
        self._news_s = now_s
        response, item, clip = self._clip
        self.player.take(response, item, clip, np.frombuffer(pcm, np.int16), now_s)

    def take(self, event: Event, now_s: float) -> Event | None:
        """Returns what the client answers."""
        self._news_s = now_s
        match event.get("type"):
            case "input_audio_buffer.speech_started":
                self._speech = True
                return None if self.tutor else self._interrupted(now_s)
            case "input_audio_buffer.speech_stopped" | "input_audio_buffer.committed":
                self._speech, self._owed = False, True
                self.diary.ended_s.setdefault(event.get("item_id", ""), now_s)
            case "response.created":
                self._owed = False
                self._open.add(event["response"]["id"])
            case "response.output_audio.delta":
                self._delta(event, now_s)
            case "response.done":
                return self._done(event["response"], now_s)
            case "conversation.item.truncated" if self.tutor:
                return self._truncated(event["item_id"], now_s)
            case "tutor.clip":
                self._clip = (event["response_id"], event["item_id"], str(event["clip"]))
            case "tutor.duck" if event["on"]:
                self.diary.ducks_s.append(now_s)
            case "error":
                error = event["error"]
                self.diary.errors.append(f"{error.get('code') or error.get('type')}: {error.get('message')}")
            case _:
                pass
        return None

    def playheads(self, now_s: float) -> list[Event]:
        """What a client of tutor.v1 reports while something plays, and once more when that has ended."""
        last, self._told = self._told, self.player.sounding(now_s)
        ended = [last] if last is not None and last is not self._told and last.cut_s is None else []
        sounding = [self._told] if self._told else []
        return [self._report(reply, now_s) for reply in (*ended, *sounding)]

    def _delta(self, event: Event, now_s: float) -> None:
        try:
            pcm = base64.b64decode(event["delta"], validate=True)
            sound = np.frombuffer(pcm, np.int16)
        except (binascii.Error, ValueError) as error:  # of half a sample
            self.diary.errors.append(f"audio that cannot be read: {error}")
            return
        self.player.take(event["response_id"], event.get("item_id", ""), "", sound, now_s)

    def _done(self, response: Event, now_s: float) -> Event | None:
        id, status = response["id"], response.get("status")
        self._open.discard(id)
        if status == "failed":
            self.diary.errors.append(f"a response failed: {response.get('status_details')}")
        if status != "cancelled":
            self.player.done(id, now_s)
            return None
        reply = next((reply for reply in self.diary.replies if reply.id == id), None)
        return self._cut(reply, now_s) if reply else None

    def _interrupted(self, now_s: float) -> Event | None:
        reply = self.player.sounding(now_s)
        return self._cut(reply, now_s) if reply else None

    def _truncated(self, item_id: str, now_s: float) -> Event | None:
        reply = next((reply for reply in self.diary.replies if reply.item_id == item_id), None)
        return self._cut(reply, now_s) if reply else None

    def _cut(self, reply: Reply, now_s: float) -> Event | None:
        """The server is told what was heard."""
        if not self.player.cut(reply.id, now_s):
            return None
        if self.tutor:
            return self._report(reply, now_s)
        heard_ms = self.player.played_ms(reply, now_s)
        heard = {"item_id": reply.item_id, "content_index": 0, "audio_end_ms": heard_ms}
        return {"type": "conversation.item.truncate", **heard}

    def _report(self, reply: Reply, now_s: float) -> Event:
        played_ms = self.player.played_ms(reply, now_s)
        return {"type": "tutor.playhead", "item_id": reply.item_id, "played_ms": played_ms}
