from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class OwnCase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OWN_CASE_UNSPECIFIED: _ClassVar[OwnCase]
    OWN_CASE_NO: _ClassVar[OwnCase]
    OWN_CASE_YES: _ClassVar[OwnCase]
OWN_CASE_UNSPECIFIED: OwnCase
OWN_CASE_NO: OwnCase
OWN_CASE_YES: OwnCase

class SubjectPseudonym(_message.Message):
    __slots__ = ("value", "epoch")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    value: bytes
    epoch: int
    def __init__(self, value: _Optional[bytes] = ..., epoch: _Optional[int] = ...) -> None: ...

class Professional(_message.Message):
    __slots__ = ("id", "role", "mandate")
    ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    MANDATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    role: str
    mandate: str
    def __init__(self, id: _Optional[str] = ..., role: _Optional[str] = ..., mandate: _Optional[str] = ...) -> None: ...

class Desk(_message.Message):
    __slots__ = ("code", "name", "telephone", "email")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TELEPHONE_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    code: str
    name: str
    telephone: str
    email: str
    def __init__(self, code: _Optional[str] = ..., name: _Optional[str] = ..., telephone: _Optional[str] = ..., email: _Optional[str] = ...) -> None: ...
