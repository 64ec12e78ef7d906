"""The queries of docs/analyst_guide.md."""

from __future__ import annotations

import re

from orchestration.settings import PROJECT_ROOT

GUIDE = (PROJECT_ROOT / "docs" / "analyst_guide.md").read_text(encoding="utf-8")
QUESTIONS = {
    int(number): sql
    for number, sql in re.findall(r"^### (\d+)\. .+?```sql\n(.+?)```", GUIDE, re.DOTALL | re.M)
}
