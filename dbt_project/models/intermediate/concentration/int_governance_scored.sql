-- How weak the governance of an economy is, from 0 to 1: the mean of those of the six Worldwide
-- Governance Indicators that have landed, which run from about -2.5 (weak) to 2.5. They begin in
-- 1996 and leave out 1997, 1999 and 2001: until the next score the last one counts.
with

    scores as (

        select iso3, year, indicator_code, value
        from {{ ref('stg_wdi__indicator_values') }}
        where
            value is not null
            and indicator_code in ('CC.EST', 'GE.EST', 'PV.EST', 'RL.EST', 'RQ.EST', 'VA.EST')

    ),

    by_year as (

        select
            iso3,
            year,
            {{ ordered_average('value', 'indicator_code') }} as mean_score,
            count(*) as dimensions
        from scores
        group by iso3, year

    ),

    final as (

        select
            iso3,
            year as first_year,
            lead(year) over (partition by iso3 order by year) - 1 as last_year,
            least(greatest((2.5 - mean_score) / 5, 0), 1) as weakness,
            cast(dimensions as integer) as dimensions
        from by_year

    )

select *
from final
