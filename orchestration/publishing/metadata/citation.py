"""CITATION.cff of a publication: the data set with the software and the sources it rests on."""

from __future__ import annotations

from typing import Any

import yaml

from orchestration.landing.layout import Reference
from orchestration.publishing.metadata.description import Description, Source, project


def citation_file(description: Description) -> str:
    """The text of CITATION.cff (Citation File Format 1.2.0)."""
    notice = f"{description.notice} " if description.notice else ""
    stated: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": f"{notice}If you use these data, please cite them, and the publishers whose "
        "data they are made from.",
        "title": description.title,
        "abstract": description.summary,
        "type": "dataset",
        "version": description.number,
        "date-released": description.date,
        "authors": [{"name": author} for author in project().authors],
        "keywords": list(project().keywords),
        "references": [
            {
                "type": "software",
                "title": project().title,
                "version": project().version,
                "license": project().terms.identifier,
                "authors": [{"name": author} for author in project().authors],
                **({"commit": description.commit} if description.commit else {}),
            },
            *(_cited(source) for source in description.sources if source.citation),
        ],
    }
    return yaml.safe_dump(stated, sort_keys=False, allow_unicode=True, width=100)


def _cited(source: Source) -> dict[str, Any]:
    assert source.citation is not None
    return cff_reference(source.citation) | {
        "date-accessed": source.landed_at[:10],
        "notes": f"{source.title}, {source.edition}. {source.terms.licence}.",
    }


def cff_reference(cited: Reference) -> dict[str, Any]:
    """What is cited for a publisher's data as an entry of `references`."""
    authors = [
        {"family-names": author.name, "given-names": author.given_name}
        if author.given_name
        else {"name": author.name}
        for author in cited.authors
    ]
    if cited.year is None:
        return {"type": "database", "title": cited.title, "authors": authors}
    return {
        "type": "report",
        "title": cited.title,
        "year": cited.year,
        "authors": authors,
        "institution": {"name": cited.institution},
        "number": cited.number,
    }
