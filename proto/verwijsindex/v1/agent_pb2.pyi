from verwijsindex.v1 import break_glass_pb2 as _break_glass_pb2
from verwijsindex.v1 import common_pb2 as _common_pb2
from verwijsindex.v1 import index_pb2 as _index_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AgentServiceLookupRequest(_message.Message):
    __slots__ = ("bsn", "purpose", "professional", "consistency_token", "own_case", "declaration_id")
    BSN_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OWN_CASE_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_ID_FIELD_NUMBER: _ClassVar[int]
    bsn: str
    purpose: str
    professional: _common_pb2.Professional
    consistency_token: bytes
    own_case: _common_pb2.OwnCase
    declaration_id: str
    def __init__(self, bsn: _Optional[str] = ..., purpose: _Optional[str] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ..., consistency_token: _Optional[bytes] = ..., own_case: _Optional[_Union[_common_pb2.OwnCase, str]] = ..., declaration_id: _Optional[str] = ...) -> None: ...

class AgentServiceLookupResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: _index_pb2.LookupResponse
    def __init__(self, answer: _Optional[_Union[_index_pb2.LookupResponse, _Mapping]] = ...) -> None: ...

class AgentServiceDeclareRequest(_message.Message):
    __slots__ = ("bsn", "purpose", "professional", "own_case", "ground", "explanation")
    BSN_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    OWN_CASE_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    bsn: str
    purpose: str
    professional: _common_pb2.Professional
    own_case: _common_pb2.OwnCase
    ground: str
    explanation: str
    def __init__(self, bsn: _Optional[str] = ..., purpose: _Optional[str] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ..., own_case: _Optional[_Union[_common_pb2.OwnCase, str]] = ..., ground: _Optional[str] = ..., explanation: _Optional[str] = ...) -> None: ...

class AgentServiceDeclareResponse(_message.Message):
    __slots__ = ("declaration",)
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    declaration: _break_glass_pb2.BreakGlassServiceDeclareResponse
    def __init__(self, declaration: _Optional[_Union[_break_glass_pb2.BreakGlassServiceDeclareResponse, _Mapping]] = ...) -> None: ...
