from verwijsindex.v1 import common_pb2 as _common_pb2
from verwijsindex.v1 import index_pb2 as _index_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Decider(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECIDER_UNSPECIFIED: _ClassVar[Decider]
    DECIDER_SUBJECT: _ClassVar[Decider]
    DECIDER_AUTHORITY_HOLDERS: _ClassVar[Decider]
    DECIDER_SUBJECT_AND_AUTHORITY_HOLDERS: _ClassVar[Decider]
    DECIDER_UNDETERMINED: _ClassVar[Decider]

class ConsentEffect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSENT_EFFECT_UNSPECIFIED: _ClassVar[ConsentEffect]
    CONSENT_EFFECT_PERMIT: _ClassVar[ConsentEffect]
    CONSENT_EFFECT_OBJECT: _ClassVar[ConsentEffect]
    CONSENT_EFFECT_WITHDRAWN: _ClassVar[ConsentEffect]
DECIDER_UNSPECIFIED: Decider
DECIDER_SUBJECT: Decider
DECIDER_AUTHORITY_HOLDERS: Decider
DECIDER_SUBJECT_AND_AUTHORITY_HOLDERS: Decider
DECIDER_UNDETERMINED: Decider
CONSENT_EFFECT_UNSPECIFIED: ConsentEffect
CONSENT_EFFECT_PERMIT: ConsentEffect
CONSENT_EFFECT_OBJECT: ConsentEffect
CONSENT_EFFECT_WITHDRAWN: ConsentEffect

class ConsentScope(_message.Message):
    __slots__ = ("holder_kinds", "asking_kinds", "purposes", "holder_oins", "asking_oins", "since", "until")
    HOLDER_KINDS_FIELD_NUMBER: _ClassVar[int]
    ASKING_KINDS_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    HOLDER_OINS_FIELD_NUMBER: _ClassVar[int]
    ASKING_OINS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    holder_kinds: _containers.RepeatedScalarFieldContainer[str]
    asking_kinds: _containers.RepeatedScalarFieldContainer[str]
    purposes: _containers.RepeatedScalarFieldContainer[str]
    holder_oins: _containers.RepeatedScalarFieldContainer[str]
    asking_oins: _containers.RepeatedScalarFieldContainer[str]
    since: str
    until: str
    def __init__(self, holder_kinds: _Optional[_Iterable[str]] = ..., asking_kinds: _Optional[_Iterable[str]] = ..., purposes: _Optional[_Iterable[str]] = ..., holder_oins: _Optional[_Iterable[str]] = ..., asking_oins: _Optional[_Iterable[str]] = ..., since: _Optional[str] = ..., until: _Optional[str] = ...) -> None: ...

class ConsentServiceRecordRequest(_message.Message):
    __slots__ = ("message_id", "reference", "subject", "decided_by", "scope", "professional")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    reference: str
    subject: _containers.RepeatedCompositeFieldContainer[_common_pb2.SubjectPseudonym]
    decided_by: Decider
    scope: ConsentScope
    professional: _common_pb2.Professional
    def __init__(self, message_id: _Optional[str] = ..., reference: _Optional[str] = ..., subject: _Optional[_Iterable[_Union[_common_pb2.SubjectPseudonym, _Mapping]]] = ..., decided_by: _Optional[_Union[Decider, str]] = ..., scope: _Optional[_Union[ConsentScope, _Mapping]] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ...) -> None: ...

class ConsentServiceRecordResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _index_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_index_pb2.Receipt, _Mapping]] = ...) -> None: ...

class ConsentServiceObjectRequest(_message.Message):
    __slots__ = ("message_id", "reference", "subject", "decided_by", "scope", "professional")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    reference: str
    subject: _containers.RepeatedCompositeFieldContainer[_common_pb2.SubjectPseudonym]
    decided_by: Decider
    scope: ConsentScope
    professional: _common_pb2.Professional
    def __init__(self, message_id: _Optional[str] = ..., reference: _Optional[str] = ..., subject: _Optional[_Iterable[_Union[_common_pb2.SubjectPseudonym, _Mapping]]] = ..., decided_by: _Optional[_Union[Decider, str]] = ..., scope: _Optional[_Union[ConsentScope, _Mapping]] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ...) -> None: ...

class ConsentServiceObjectResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _index_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_index_pb2.Receipt, _Mapping]] = ...) -> None: ...

class ConsentServiceWithdrawRequest(_message.Message):
    __slots__ = ("message_id", "reference", "professional")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    reference: str
    professional: _common_pb2.Professional
    def __init__(self, message_id: _Optional[str] = ..., reference: _Optional[str] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ...) -> None: ...

class ConsentServiceWithdrawResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _index_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_index_pb2.Receipt, _Mapping]] = ...) -> None: ...

class ConsentServiceListOwnRequest(_message.Message):
    __slots__ = ("subject", "professional")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    subject: _containers.RepeatedCompositeFieldContainer[_common_pb2.SubjectPseudonym]
    professional: _common_pb2.Professional
    def __init__(self, subject: _Optional[_Iterable[_Union[_common_pb2.SubjectPseudonym, _Mapping]]] = ..., professional: _Optional[_Union[_common_pb2.Professional, _Mapping]] = ...) -> None: ...

class ConsentServiceListOwnResponse(_message.Message):
    __slots__ = ("consents", "receipt")
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    receipt: _index_pb2.Receipt
    def __init__(self, consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ..., receipt: _Optional[_Union[_index_pb2.Receipt, _Mapping]] = ...) -> None: ...

class Consent(_message.Message):
    __slots__ = ("reference", "effect", "decided_by", "scope", "counts", "fhir_consent")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    FHIR_CONSENT_FIELD_NUMBER: _ClassVar[int]
    reference: str
    effect: ConsentEffect
    decided_by: Decider
    scope: ConsentScope
    counts: bool
    fhir_consent: bytes
    def __init__(self, reference: _Optional[str] = ..., effect: _Optional[_Union[ConsentEffect, str]] = ..., decided_by: _Optional[_Union[Decider, str]] = ..., scope: _Optional[_Union[ConsentScope, _Mapping]] = ..., counts: _Optional[bool] = ..., fhir_consent: _Optional[bytes] = ...) -> None: ...
