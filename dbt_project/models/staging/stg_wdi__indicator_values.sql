-- World Development Indicators, long. Where several files hold a series, the one that landed last counts, for the whole series:
-- values of two vintages are never mixed within a series.
with

indicator_values as (

    select * from {{ source('raw', 'wdi_indicators') }}

),

newest as (

    select
        indicator_code,
        max(landed_sequence) as landed_sequence
    from indicator_values
    group by indicator_code

),

final as (

    select
        indicator_values.country_code as iso3,
        indicator_values.indicator_code,
        cast(indicator_values.year as integer) as year,
        indicator_values.value,
        indicator_values.landed_file,
        indicator_values.landed_row
    from indicator_values
    inner join newest
        on indicator_values.indicator_code = newest.indicator_code
        and indicator_values.landed_sequence = newest.landed_sequence

)

select * from final
