{{ config(meta={'dagster': {'ref': {'name': 'int_hs_codes_mapped'}}}) }}
-- The weights of a six-digit code sum to at most one within a treatment: its value is split,
-- never multiplied.
select hs_treatment, hs_revision, hs6_code, sum(weight) as total_weight
from {{ ref('int_hs_codes_mapped') }}
group by hs_treatment, hs_revision, hs6_code
having sum(weight) > 1.000001
