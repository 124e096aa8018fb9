from verwijsindex.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Concern(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONCERN_UNSPECIFIED: _ClassVar[Concern]
    CONCERN_PERSON: _ClassVar[Concern]
    CONCERN_HOUSEHOLD: _ClassVar[Concern]
CONCERN_UNSPECIFIED: Concern
CONCERN_PERSON: Concern
CONCERN_HOUSEHOLD: Concern

class LookupRequest(_message.Message):
    __slots__ = ("subject", "purpose", "professional", "consistency_token", "own_case", "declaration_id")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OWN_CASE_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_ID_FIELD_NUMBER: _ClassVar[int]
    subject: _containers.RepeatedCompositeFieldContainer[_common_pb2.SubjectPseudonym]
    purpose: str
    professional: _common_pb2.Professional
    consistency_token: bytes
    own_case: _common_pb2.OwnCase
    declaration_id: str
    def __init__(self, subject: _Optional[_Iterable[_Union[_common_pb2.SubjectPseudonym, _Mapping]]] = ..., purpose: _Optional[str] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ..., consistency_token: _Optional[bytes] = ..., own_case: _Optional[_Union[_common_pb2.OwnCase, str]] = ..., declaration_id: _Optional[str] = ...) -> None: ...

class LookupResponse(_message.Message):
    __slots__ = ("involvements", "notice", "receipt")
    INVOLVEMENTS_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    involvements: _containers.RepeatedCompositeFieldContainer[Involvement]
    notice: str
    receipt: Receipt
    def __init__(self, involvements: _Optional[_Iterable[_Union[Involvement, _Mapping]]] = ..., notice: _Optional[str] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class Involvement(_message.Message):
    __slots__ = ("partner_oin", "partner_kind", "partner_name", "desk", "since_month", "concern")
    PARTNER_OIN_FIELD_NUMBER: _ClassVar[int]
    PARTNER_KIND_FIELD_NUMBER: _ClassVar[int]
    PARTNER_NAME_FIELD_NUMBER: _ClassVar[int]
    DESK_FIELD_NUMBER: _ClassVar[int]
    SINCE_MONTH_FIELD_NUMBER: _ClassVar[int]
    CONCERN_FIELD_NUMBER: _ClassVar[int]
    partner_oin: str
    partner_kind: str
    partner_name: str
    desk: _common_pb2.Desk
    since_month: str
    concern: Concern
    def __init__(self, partner_oin: _Optional[str] = ..., partner_kind: _Optional[str] = ..., partner_name: _Optional[str] = ..., desk: _Optional[_Union[_common_pb2.Desk, _Mapping]] = ..., since_month: _Optional[str] = ..., concern: _Optional[_Union[Concern, str]] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("record_id", "consistency_token")
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_TOKEN_FIELD_NUMBER: _ClassVar[int]
    record_id: str
    consistency_token: bytes
    def __init__(self, record_id: _Optional[str] = ..., consistency_token: _Optional[bytes] = ...) -> None: ...

class LookupStreamRequest(_message.Message):
    __slots__ = ("correlation_id", "lookup")
    CORRELATION_ID_FIELD_NUMBER: _ClassVar[int]
    LOOKUP_FIELD_NUMBER: _ClassVar[int]
    correlation_id: str
    lookup: LookupRequest
    def __init__(self, correlation_id: _Optional[str] = ..., lookup: _Optional[_Union[LookupRequest, _Mapping]] = ...) -> None: ...

class LookupStreamResponse(_message.Message):
    __slots__ = ("correlation_id", "answer", "failure")
    CORRELATION_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    correlation_id: str
    answer: LookupResponse
    failure: LookupFailure
    def __init__(self, correlation_id: _Optional[str] = ..., answer: _Optional[_Union[LookupResponse, _Mapping]] = ..., failure: _Optional[_Union[LookupFailure, _Mapping]] = ...) -> None: ...

class LookupFailure(_message.Message):
    __slots__ = ("code", "reason", "message", "field_violations")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: str
    message: str
    field_violations: _containers.RepeatedCompositeFieldContainer[FieldViolation]
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., field_violations: _Optional[_Iterable[_Union[FieldViolation, _Mapping]]] = ...) -> None: ...

class FieldViolation(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...
