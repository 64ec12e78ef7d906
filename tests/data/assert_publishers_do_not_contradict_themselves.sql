{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'audit_inconsistencies'}}}
) }}
-- What publishers say against themselves, for a person to look at. It is published as stated.
select source, landed_file, year, economy_iso3, flow, partner_iso3, hs6_code, what, difference_usd
from {{ ref('audit_inconsistencies') }}
