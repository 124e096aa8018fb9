import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from verwijsindex.v1 import common_pb2 as _common_pb2
from verwijsindex.v1 import index_pb2 as _index_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BreakGlassServiceDeclareRequest(_message.Message):
    __slots__ = ("subject", "purpose", "professional", "own_case", "ground", "explanation")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    OWN_CASE_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    subject: _containers.RepeatedCompositeFieldContainer[_common_pb2.SubjectPseudonym]
    purpose: str
    professional: _common_pb2.Professional
    own_case: _common_pb2.OwnCase
    ground: str
    explanation: str
    def __init__(self, subject: _Optional[_Iterable[_Union[_common_pb2.SubjectPseudonym, _Mapping]]] = ..., purpose: _Optional[str] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ..., own_case: _Optional[_Union[_common_pb2.OwnCase, str]] = ..., ground: _Optional[str] = ..., explanation: _Optional[str] = ...) -> None: ...

class BreakGlassServiceDeclareResponse(_message.Message):
    __slots__ = ("declaration_id", "expires_at", "review_due", "receipt")
    DECLARATION_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    REVIEW_DUE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    declaration_id: str
    expires_at: _timestamp_pb2.Timestamp
    review_due: _timestamp_pb2.Timestamp
    receipt: _index_pb2.Receipt
    def __init__(self, declaration_id: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., review_due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receipt: _Optional[_Union[_index_pb2.Receipt, _Mapping]] = ...) -> None: ...
