"""Ask the index who else is involved, from a partner's own system.

The caller is the organisation in the client certificate (PKIoverheid, OIN in `subject.serialNumber`). The
pseudonym is made on the partner's side: a BSN never goes over this connection.

    import asyncio
    from pathlib import Path

    from verwijsindex.client import IndexUnavailable, InvalidQuestion, LookupRefused, Professional
    from verwijsindex.client import SubjectPseudonym, connect

    async def who_else(subject: list[SubjectPseudonym]) -> None:
        asker = Professional(id="medewerker-4711", role="behandelaar", mandate="eigen-taak")
        async with connect(
            "verwijsindex.example:50443",
            certificate=Path("certificate.pem"),
            key=Path("key.pem"),
            trusted_ca=Path("ca.pem"),
        ) as index:
            try:
                answer = await index.lookup(
                    subject,
                    purpose="coordination-of-care",
                    professional=asker,
                    own_case=False,  # True: the professional is this person or of the household; refused
                )
            except InvalidQuestion as error:
                print("wrong question:", *error.violations)        # a defect in the calling system
            except LookupRefused as error:
                print("not answered:", error.reason)               # for what this partner is or may ask
            except IndexUnavailable as error:
                print("no answer now:", error.reason)              # try again later; nothing was answered
            else:
                for found in answer.involvements:
                    print(found.partner_name, found.desk.name, found.desk.telephone, found.since_month)
                print(answer.notice)                               # show it: the list can be incomplete

Many questions go over one stream; answers come in the order in which they are ready:

    questions = [
        Question(
            id=str(number), subject=each, purpose="coordination-of-care", professional=asker, own_case=False
        )
        for number, each in enumerate(subjects)
    ]
    async for question_id, outcome in index.lookup_many(questions):
        if isinstance(outcome, Answer):
            ...

An empty answer means: nothing that may be shown. It never means that nobody is involved.
"""

from verwijsindex.client.break_glass import BreakGlassCalls
from verwijsindex.client.connection import IndexClient, connect
from verwijsindex.client.consents import (
    ConsentCalls,
    ConsentEffect,
    ConsentScope,
    ConsentStatement,
    Decider,
    OwnConsent,
    OwnConsents,
)
from verwijsindex.client.errors import (
    IndexClientError,
    IndexDefect,
    IndexUnavailable,
    InvalidQuestion,
    LookupRefused,
    NotPartner,
    NotPermitted,
    TooManyQuestions,
    UnknownReference,
    Violation,
)
from verwijsindex.client.model import (
    Answer,
    Concern,
    Declared,
    Desk,
    Involvement,
    Partner,
    Professional,
    Question,
    Receipt,
    RecordedRefusal,
    SubjectPseudonym,
)
from verwijsindex.client.refusals import RefusalCalls

__all__ = [
    "Answer",
    "BreakGlassCalls",
    "Concern",
    "ConsentCalls",
    "ConsentEffect",
    "ConsentScope",
    "ConsentStatement",
    "Decider",
    "Declared",
    "Desk",
    "IndexClient",
    "IndexClientError",
    "IndexDefect",
    "IndexUnavailable",
    "InvalidQuestion",
    "Involvement",
    "LookupRefused",
    "NotPartner",
    "NotPermitted",
    "OwnConsent",
    "OwnConsents",
    "Partner",
    "Professional",
    "Question",
    "Receipt",
    "RecordedRefusal",
    "RefusalCalls",
    "SubjectPseudonym",
    "TooManyQuestions",
    "UnknownReference",
    "Violation",
    "connect",
]
