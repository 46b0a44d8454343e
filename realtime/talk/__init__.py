"""The talk, decided in pure code: no clock, no socket, no task."""
