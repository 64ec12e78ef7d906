-- World exports of low-carbon products by sector.
{{ exports_by_sector('world exports') }}
