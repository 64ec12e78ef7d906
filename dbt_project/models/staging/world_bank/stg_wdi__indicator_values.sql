-- World Development Indicators, long. Where several files hold a series, the one that landed
-- last counts, for the whole series: values of two vintages are never mixed within a series. A
-- series that was retired or renamed since is followed to its successor, in the unit of the old
-- one, where the file that landed last holds only that; published_code tells.
with

    indicator_values as (select * from {{ source('raw', 'wdi_indicators') }}),

    successors as (select * from {{ ref('indicator_successors') }}),

    named as (

        select
            indicator_values.country_code,
            coalesce(successors.indicator_code, indicator_values.indicator_code) as indicator_code,
            indicator_values.indicator_code as published_code,
            indicator_values.year,
            indicator_values.value * coalesce(successors.factor, 1) as value,
            indicator_values.landed_file,
            indicator_values.landed_row,
            indicator_values.landed_sequence
        from indicator_values
        left join successors on indicator_values.indicator_code = successors.successor_code

    ),

    series as (select distinct indicator_code, published_code, landed_sequence from named),

    ranked as (

        select
            *,
            row_number() over (
                partition by indicator_code
                order by
                    landed_sequence desc,
                    case when indicator_code = published_code then 0 else 1 end
            ) as preference
        from series

    ),

    final as (

        select
            named.country_code as iso3,
            named.indicator_code,
            named.published_code,
            cast(named.year as integer) as year,
            named.value,
            named.landed_file,
            named.landed_row
        from named
        inner join
            ranked
            on named.indicator_code = ranked.indicator_code
            and named.published_code = ranked.published_code
            and named.landed_sequence = ranked.landed_sequence
        where ranked.preference = 1

    )

select *
from final
