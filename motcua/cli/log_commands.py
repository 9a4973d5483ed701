"""`motcua resend` and `motcua restore`: the log into Kafka again, and what the log lost back from Kafka."""

from motcua.cli import options


def resend(*, intake: options.Intake = None, key: options.Key = None) -> None:
    """Send intake's whole log into Kafka again.

    Everything behind it recognises repeats, so nothing counts twice. Intake does this by itself when it finds that the event topic lost
    events; ask for it after somebody changed the topics by hand, or when `motcua verify` names events that were not processed.
    """
    from motcua.log_calls import resend as call
    from motcua.report.numbers import count

    print(f"{count(call(options.services(intake=intake, key=key)))} events are being sent again")


def restore(*, intake: options.Intake = None, key: options.Key = None) -> None:
    """Bring events back into intake's log that only Kafka still has.

    For a log that was restored from a backup: intake accepts nothing while the event topic holds what the log does not. When a dossier has
    other events in the log by now, nothing is changed and the way out is said.
    """
    from motcua.log_calls import restore as call
    from motcua.report.numbers import count

    print(f"{count(call(options.services(intake=intake, key=key)))} events are back in the log; intake accepts again")
