"""What the tests of the endpoint ask of answers and of the database."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import func, select

from db.database import Database
from db.parties import PartyRow


async def parties(database: Database) -> int:
    async with database.engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(PartyRow))).scalar_one()


def code_of(response: httpx.Response) -> str:
    """The code of the only error, after checking that the answer has the form of every error of ours."""
    body: dict[str, Any] = response.json()
    assert "data" not in body
    [error] = body["errors"]
    assert error["message"]
    assert error["extensions"]["text_zh"]
    code: str = error["extensions"]["code"]
    return code
