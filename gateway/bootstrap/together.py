"""Runs the parts of one process side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from gateway.errors import VerwijsindexError


async def run_together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts until all are done; when one fails, the others are cancelled.

    Raises:
        VerwijsindexError: the first deliberate error of a part, as it is: one clear line instead of a tree.
        ExceptionGroup: a part failed otherwise.

    """
    try:
        async with asyncio.TaskGroup() as tasks:
            for part in parts:
                tasks.create_task(part)
    except ExceptionGroup as group:
        deliberate, others = group.split(VerwijsindexError)
        if deliberate is None or others is not None:
            raise
        first: BaseException = deliberate
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
