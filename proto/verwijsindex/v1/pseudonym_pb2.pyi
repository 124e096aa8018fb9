import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EvaluationPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVALUATION_PURPOSE_UNSPECIFIED: _ClassVar[EvaluationPurpose]
    EVALUATION_PURPOSE_REGISTRATION: _ClassVar[EvaluationPurpose]
    EVALUATION_PURPOSE_LOOKUP: _ClassVar[EvaluationPurpose]
EVALUATION_PURPOSE_UNSPECIFIED: EvaluationPurpose
EVALUATION_PURPOSE_REGISTRATION: EvaluationPurpose
EVALUATION_PURPOSE_LOOKUP: EvaluationPurpose

class GetPublicKeysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPublicKeysResponse(_message.Message):
    __slots__ = ("index_oin", "keys")
    INDEX_OIN_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    index_oin: str
    keys: _containers.RepeatedCompositeFieldContainer[EpochKey]
    def __init__(self, index_oin: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[EpochKey, _Mapping]]] = ...) -> None: ...

class EpochKey(_message.Message):
    __slots__ = ("epoch", "public_key", "valid_from", "valid_until")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    public_key: bytes
    valid_from: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, epoch: _Optional[int] = ..., public_key: _Optional[bytes] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EvaluateRequest(_message.Message):
    __slots__ = ("epoch", "blinded_elements", "purpose")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    BLINDED_ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    blinded_elements: _containers.RepeatedScalarFieldContainer[bytes]
    purpose: EvaluationPurpose
    def __init__(self, epoch: _Optional[int] = ..., blinded_elements: _Optional[_Iterable[bytes]] = ..., purpose: _Optional[_Union[EvaluationPurpose, str]] = ...) -> None: ...

class EvaluateResponse(_message.Message):
    __slots__ = ("evaluated_elements", "proof", "record_id")
    EVALUATED_ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    evaluated_elements: _containers.RepeatedScalarFieldContainer[bytes]
    proof: bytes
    record_id: str
    def __init__(self, evaluated_elements: _Optional[_Iterable[bytes]] = ..., proof: _Optional[bytes] = ..., record_id: _Optional[str] = ...) -> None: ...

class GetUsageRequest(_message.Message):
    __slots__ = ("since",)
    SINCE_FIELD_NUMBER: _ClassVar[int]
    since: _timestamp_pb2.Timestamp
    def __init__(self, since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[PartnerUsage]
    def __init__(self, rows: _Optional[_Iterable[_Union[PartnerUsage, _Mapping]]] = ...) -> None: ...

class PartnerUsage(_message.Message):
    __slots__ = ("partner_oin", "hour", "epoch", "purpose", "evaluations")
    PARTNER_OIN_FIELD_NUMBER: _ClassVar[int]
    HOUR_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    EVALUATIONS_FIELD_NUMBER: _ClassVar[int]
    partner_oin: str
    hour: _timestamp_pb2.Timestamp
    epoch: int
    purpose: EvaluationPurpose
    evaluations: int
    def __init__(self, partner_oin: _Optional[str] = ..., hour: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., epoch: _Optional[int] = ..., purpose: _Optional[_Union[EvaluationPurpose, str]] = ..., evaluations: _Optional[int] = ...) -> None: ...
