"""The report as a page: a folder of static files that opens by a double click, offline.

    wording         words and numbers in the reader's form, English and Chinese side by side
    publication     what the pages are made from: the published tables, names, vintage
    figures         a figure or table as a value: rows, panels, switches, SQL, caveats
    charts          the charts' specifications (Altair), static pictures, the runtime, colours
    story           the sections of index.html
    regressions     tables 3 to 12 and the scorecard
    claims          the verdicts with their specification curves
    markets         prices with alerts, concentration of minerals
    economy_pages   a page per economy
    product_pages   a page per product and per mineral
    writing         everything put together, with Jinja's templates and the assets

Nothing is read but the published tables and the provenance, and nothing is fetched: data are
classic scripts or blocks of JSON, as a page opened from a file may load no module and no data.
"""
