from verwijsindex.v1 import common_pb2 as _common_pb2
from verwijsindex.v1 import index_pb2 as _index_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RefusalServiceRecordRequest(_message.Message):
    __slots__ = ("reference", "subject", "ground", "review_on", "professional")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    REVIEW_ON_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    reference: str
    subject: _containers.RepeatedCompositeFieldContainer[_common_pb2.SubjectPseudonym]
    ground: str
    review_on: str
    professional: _common_pb2.Professional
    def __init__(self, reference: _Optional[str] = ..., subject: _Optional[_Iterable[_Union[_common_pb2.SubjectPseudonym, _Mapping]]] = ..., ground: _Optional[str] = ..., review_on: _Optional[str] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ...) -> None: ...

class RefusalServiceRecordResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _index_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_index_pb2.Receipt, _Mapping]] = ...) -> None: ...

class RefusalServiceCloseRequest(_message.Message):
    __slots__ = ("reference", "professional")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    reference: str
    professional: _common_pb2.Professional
    def __init__(self, reference: _Optional[str] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ...) -> None: ...

class RefusalServiceCloseResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _index_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_index_pb2.Receipt, _Mapping]] = ...) -> None: ...

class RefusalServiceListOwnRequest(_message.Message):
    __slots__ = ("professional",)
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    professional: _common_pb2.Professional
    def __init__(self, professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ...) -> None: ...

class RefusalServiceListOwnResponse(_message.Message):
    __slots__ = ("refusals", "receipt")
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    refusals: _containers.RepeatedCompositeFieldContainer[RecordedRefusal]
    receipt: _index_pb2.Receipt
    def __init__(self, refusals: _Optional[_Iterable[_Union[RecordedRefusal, _Mapping]]] = ..., receipt: _Optional[_Union[_index_pb2.Receipt, _Mapping]] = ...) -> None: ...

class RecordedRefusal(_message.Message):
    __slots__ = ("reference", "ground", "review_on")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    REVIEW_ON_FIELD_NUMBER: _ClassVar[int]
    reference: str
    ground: str
    review_on: str
    def __init__(self, reference: _Optional[str] = ..., ground: _Optional[str] = ..., review_on: _Optional[str] = ...) -> None: ...
