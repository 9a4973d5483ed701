"""Bytes to values and back, in one place."""

import msgspec

from shared.contract.status import AlertV1, DeadLetterV1, StatusV1

encode = msgspec.json.Encoder().encode
decode_status = msgspec.json.Decoder(StatusV1).decode
decode_alert = msgspec.json.Decoder(AlertV1).decode
decode_dead_letter = msgspec.json.Decoder(DeadLetterV1).decode
