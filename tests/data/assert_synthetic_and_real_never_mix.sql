{{ config(meta={'dagster': {'ref': {'name': 'stg_landing__files'}}}) }}
-- A warehouse is built either from the demo's files or from the publishers', never from both.
select count(distinct is_synthetic) as worlds
from {{ ref('stg_landing__files') }}
having count(distinct is_synthetic) > 1
