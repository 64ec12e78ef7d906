-- How weak the governance of an economy is, from 0 to 1: the mean of those of the six Worldwide
-- Governance Indicators that have landed, which run from about -2.5 (weak) to 2.5, turned around.
-- They begin in 1996 and leave out 1997, 1999 and 2001: until the next score the last one counts.
-- In thousandths, so that sums are exact; a score's standard error is a hundred times that.
with

    scores as (

        select
            iso3,
            year,
            {{ ordered_average('value', 'indicator_code') }} as mean_score,
            lead(year) over (partition by iso3 order by year) as next_year
        from {{ ref('stg_wdi__indicator_values') }}
        where
            value is not null
            and indicator_code in ('CC.EST', 'GE.EST', 'PV.EST', 'RL.EST', 'RQ.EST', 'VA.EST')
        group by iso3, year

    ),

    years as (select distinct year from {{ ref('int_supply_flows') }}),

    final as (

        select
            scores.iso3,
            years.year,
            {{ as_money('least(greatest((2.5 - scores.mean_score) / 5, 0), 1)') }} as weakness
        from scores
        inner join
            years
            on scores.year <= years.year
            and years.year < coalesce(scores.next_year, years.year + 1)

    )

select *
from final
