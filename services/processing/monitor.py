"""Faust's sensor, silenced: our own metrics count per batch; only a send that failed for good must be heard."""

from typing import Any

from faust.sensors.monitor import Monitor

from services.processing.fatal import end_process


class SilentMonitor(Monitor):
    """Does nothing for each event, where Faust's keeps statistics; ends the process when a send is lost."""

    def on_message_in(self, *_args: Any) -> None: ...

    def on_stream_event_in(self, *_args: Any) -> None: ...

    def on_stream_event_out(self, *_args: Any) -> None: ...

    def on_message_out(self, *_args: Any) -> None: ...

    def track_tp_end_offset(self, *_args: Any) -> None: ...

    def on_tp_commit(self, *_args: Any) -> None: ...

    def on_send_error(self, _producer: Any, exc: BaseException, _state: Any) -> None:
        """Faust would log this and commit the events that caused the send."""
        end_process(exc)
